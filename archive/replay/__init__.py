"""Does a data mix resist model collapse? Theory, small models, measures, a verdict, a report.

After Shumailov et al., "AI models collapse when trained on recursively generated data"
(Nature 631, 2024): models are trained in generations, each on what the one before wrote, mixed with
preserved human text as a policy says. What a tier of models must offer is in `tiers`.
"""
