"""Pages and charts as text: HTML and SVG that need nothing else."""
