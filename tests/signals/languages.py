"""ISO 639-3 codes (as the texts of udhr2 are named) to the codes that the signals use."""

from __future__ import annotations

PAIRS = """
abk=ab aar=aa afr=af aka=ak twi=ak fat=ak amh=am arb=ar arz=arz asm=as ava=av ayr=ay aym=ay
azj=az aze=az bak=ba bam=bm bel=be ben=bn bod=bo bos=bs bre=br bul=bg cat=ca ces=cs cha=ch che=ce
chv=cv cmn=zh cor=kw cos=co cym=cy dan=da deu=de div=dv dzo=dz ell=el eng=en epo=eo ekk=et est=et
eus=eu ewe=ee fao=fo fij=fj fin=fi fra=fr fry=fy gla=gd gle=ga glg=gl glv=gv gug=gn grn=gn guj=gu
hat=ht hau=ha haw=haw heb=he hin=hi hrv=hr hun=hu hye=hy ibo=ig ido=io ike=iu ile=ie ina=ia ind=id
isl=is ita=it jav=jv jpn=ja kal=kl kan=kn kas=ks kat=ka kaz=kk khk=mn khm=km kin=rw kir=ky kor=ko
kmr=ku kur=ku lao=lo lat=la lvs=lv lav=lv lin=ln lit=lt ltz=lb lug=lg mah=mh mal=ml mar=mr mkd=mk
plt=mg mlg=mg mlt=mt mon=mn mri=mi msa=ms zlm=ms mya=my nau=na nav=nv nbl=nr ndo=ng npi=ne nep=ne
nld=nl nno=nn nob=no nya=ny oci=oc ori=or ory=or orm=om gaz=om oss=os pan=pa pes=fa prs=fa fas=fa
pol=pl por=pt pus=ps pbt=ps pbu=ps quy=qu quz=qu que=qu qud=qu qug=qu quh=qu qul=qu qus=qu qva=qu
qvc=qu qvh=qu qvm=qu qvn=qu qwh=qu qxa=qu qxn=qu qxu=qu qwa=qu roh=rm ron=ro run=rn rus=ru sag=sg
san=sa sin=si slk=sk slv=sl sme=se smo=sm sna=sn snd=sd som=so sot=st spa=es als=sq sqi=sq srd=sc
src=sc srp=sr ssw=ss sun=su swe=sv swh=sw swa=sw tah=ty tam=ta tat=tt tel=te tgk=tg tgl=tl tha=th
tir=ti ton=to tsn=tn tso=ts tuk=tk tur=tr uig=ug ukr=uk urd=ur uzn=uz uzb=uz ven=ve vie=vi wln=wa
wol=wo xho=xh ydd=yi yid=yi yor=yo zha=za zul=zu fub=ff fuc=ff fuf=ff fuv=ff
"""

TWO_LETTERS = dict(pair.split("=") for pair in PAIRS.split())


def code(name: str) -> str:
    """The code of a udhr2 file: `deu_1996` is `de`, `cmn_hans` is `zh`, `alt` stays `alt`."""
    language = name.split("_")[0]
    return TWO_LETTERS.get(language, language)
