"""The languages known by name: those that can be detected, the rest of ISO 639-1, and some that sources declare.

A line is: tag, other ISO 639 codes, scripts (the usual one first), English names (the main one first).
"""

from __future__ import annotations

from dataclasses import dataclass

_TABLE = """
aa aar Latn Afar
ab abk Cyrl Abkhazian
ace - Latn Acehnese
af afr Latn Afrikaans
ak aka,twi,fat,tw Latn Akan,Twi
am amh Ethi Amharic
an arg Latn Aragonese
ar ara,arb,arz,ary,apc,ajp,acm,afb,aeb,acq,ars Arab Arabic
as asm Beng Assamese
ast - Latn Asturian
av ava Cyrl Avaric,Avar
awa - Deva Awadhi
ay aym,ayr Latn Aymara
az aze,azj,azb Latn,Cyrl,Arab Azerbaijani,Azeri
ba bak Cyrl Bashkir
ban - Latn Balinese
bcl bik Latn Central Bikol,Bikol
be bel Cyrl Belarusian
bg bul Cyrl Bulgarian
bho bh,bih Deva Bhojpuri,Bihari
bi bis Latn Bislama
bm bam Latn Bambara
bn ben Beng Bengali,Bangla
bo bod,tib Tibt Tibetan
br bre Latn Breton
bs bos Latn,Cyrl Bosnian
ca cat Latn Catalan,Valencian
ce che Cyrl Chechen
ceb - Latn Cebuano
ch cha Latn Chamorro
chr - Cher Cherokee
ckb sdh Arab Central Kurdish,Sorani
co cos Latn Corsican
cr cre Cans,Latn Cree
crh - Latn,Cyrl Crimean Tatar
crs - Latn Seselwa Creole French,Seychellois Creole
cs ces,cze Latn Czech
cv chv Cyrl Chuvash
cy cym,wel Latn Welsh
da dan Latn Danish
de deu,ger Latn German
dsb - Latn Lower Sorbian
dv div Thaa Dhivehi,Divehi,Maldivian
dz dzo Tibt Dzongkha
ee ewe Latn Ewe
el ell,gre,grc Grek Greek,Modern Greek
en eng Latn English
eo epo Latn Esperanto
es spa Latn Spanish,Castilian
et est,ekk Latn Estonian
eu eus,baq Latn Basque
ext - Latn Extremaduran
fa fas,per,pes,prs Arab Persian,Farsi,Dari
ff ful,fuv Latn Fulah,Fula,Fulani
fi fin Latn Finnish
fil tl,tgl Latn Filipino,Tagalog
fj fij Latn Fijian
fo fao Latn Faroese
fr fra,fre Latn French
fy fry Latn Western Frisian,Frisian
ga gle Latn Irish
gcf - Latn Guadeloupean Creole French
gcr - Latn Guianese Creole French
gd gla Latn Scottish Gaelic
gl glg Latn Galician
gn grn,gug Latn Guarani
gom kok Deva,Latn Konkani,Goan Konkani
gu guj Gujr Gujarati
guw - Latn Gun
gv glv Latn Manx
ha hau Latn,Arab Hausa
haw - Latn Hawaiian
he heb,iw,hbo Hebr Hebrew
hi hin Deva Hindi
hmn - Latn Hmong
hr hrv Latn Croatian
hsb - Latn Upper Sorbian
ht hat Latn Haitian Creole,Haitian
hu hun Latn Hungarian
hy hye,arm Armn Armenian
hz her Latn Herero
ia ina Latn Interlingua
id ind,in Latn Indonesian
ie ile Latn Interlingue
ig ibo Latn Igbo
ii iii Yiii Sichuan Yi
ik ipk Latn Inupiaq
ilo - Latn Iloko,Ilocano
io ido Latn Ido
is isl,ice Latn Icelandic
it ita Latn Italian
iu iku,ike Cans,Latn Inuktitut
ja jpn Jpan Japanese
jv jav,jw Latn,Java Javanese
ka kat,geo Geor Georgian
kab - Latn Kabyle
kg kon Latn Kongo
kha - Latn Khasi
ki kik Latn Kikuyu
kk kaz Cyrl,Latn,Arab Kazakh
kl kal Latn Greenlandic,Kalaallisut
km khm Khmr Khmer,Cambodian
kn kan Knda Kannada
ko kor Kore Korean
kr kau Latn Kanuri
ks kas Arab,Deva Kashmiri
ku kur,kmr Latn,Arab,Cyrl Kurdish,Kurmanji
kv kom Cyrl Komi
kw cor Latn Cornish
ky kir Cyrl,Arab,Latn Kyrgyz,Kirghiz
la lat Latn Latin
lb ltz Latn Luxembourgish
lg lug Latn Ganda,Luganda
li lim Latn Limburgish
lif - Limb,Deva Limbu
lij - Latn Ligurian
lmo - Latn Lombard
ln lin Latn Lingala
lo lao Laoo Lao,Laotian
lt lit Latn Lithuanian
ltg - Latn Latgalian
lu lub Latn Luba-Katanga
lv lav,lvs Latn Latvian
mai - Deva Maithili
mfe - Latn Mauritian Creole,Morisyen
mg mlg,plt Latn Malagasy
mh mah Latn Marshallese
mi mri,mao Latn Maori
min - Latn Minangkabau
mk mkd,mac Cyrl Macedonian
ml mal Mlym Malayalam
mn mon,khk Cyrl,Mong Mongolian
mni - Beng,Mtei Manipuri,Meitei
mr mar Deva Marathi
ms msa,may,zsm Latn,Arab Malay
mt mlt Latn Maltese
my mya,bur Mymr Burmese,Myanmar
na nau Latn Nauru
nap - Latn Neapolitan
nb nob Latn Norwegian Bokmål,Bokmål,Bokmal,Norwegian Bokmal
nd nde Latn North Ndebele
ne nep,npi Deva Nepali
nl nld,dut Latn Dutch,Flemish
nn nno Latn Norwegian Nynorsk,Nynorsk
no nor Latn Norwegian
nqo - Nkoo N'Ko
nr nbl Latn South Ndebele,Ndebele
nso - Latn Northern Sotho,Pedi,Sepedi
nv nav Latn Navajo
ny nya Latn Nyanja,Chichewa,Chewa
oc oci Latn Occitan
oj oji Latn,Cans Ojibwa,Ojibwe
om orm,gaz,hae Latn Oromo
or ori,ory Orya Odia,Oriya
os oss Cyrl Ossetian
pa pan,pnb Guru,Arab Punjabi,Panjabi
pap - Latn Papiamento
pcm - Latn Nigerian Pidgin
pl pol Latn Polish
ps pus,pbt,pst,pbu Arab Pashto,Pushto
pt por Latn Portuguese
qu que,quy,quz Latn Quechua
rm roh Latn Romansh
rn run Latn Rundi,Kirundi
ro ron,rum,mo,mol Latn,Cyrl Romanian,Moldavian,Moldovan
ru rus Cyrl Russian
rw kin Latn Kinyarwanda
sa san Deva Sanskrit
sah - Cyrl Yakut,Sakha
sat - Olck,Deva,Beng Santali
sc srd Latn Sardinian
scn - Latn Sicilian
sco - Latn Scots
sd snd Arab,Deva Sindhi
se sme Latn Northern Sami
sg sag Latn Sango
sh hbs Latn,Cyrl Serbo-Croatian
si sin Sinh Sinhala,Sinhalese
sk slk,slo Latn Slovak
sl slv Latn Slovenian,Slovene
sm smo Latn Samoan
sn sna Latn Shona
so som Latn Somali
sq sqi,alb,als Latn Albanian
sr srp Cyrl,Latn Serbian
ss ssw Latn Swati,Siswati
st sot Latn Southern Sotho,Sesotho
su sun Latn Sundanese
sv swe Latn Swedish
sw swa,swh Latn Swahili,Kiswahili
syr aii Syrc Syriac
szl - Latn Silesian
ta tam Taml Tamil
te tel Telu Telugu
tg tgk Cyrl,Arab,Latn Tajik
th tha Thai Thai
ti tir Ethi Tigrinya
tk tuk Latn,Cyrl,Arab Turkmen
tn tsn Latn Tswana,Setswana
to ton Latn Tonga,Tongan
tpi - Latn Tok Pisin
tr tur Latn Turkish
ts tso Latn Tsonga
tt tat Cyrl,Latn Tatar
ty tah Latn Tahitian
tyv - Cyrl Tuvinian,Tuvan
udm - Cyrl Udmurt
ug uig Arab,Cyrl,Latn Uyghur,Uighur
uk ukr Cyrl Ukrainian
ur urd Arab Urdu
uz uzb,uzn,uzs Latn,Cyrl,Arab Uzbek
ve ven Latn Venda
vec - Latn Venetian
vi vie Latn Vietnamese
vo vol Latn Volapük,Volapuk
wa wln Latn Walloon
war - Latn Waray
wo wol Latn Wolof
xh xho Latn Xhosa
yi yid,ydd,ji Hebr Yiddish
yo yor Latn Yoruba
yue - Hant,Hans Cantonese
za zha Latn Zhuang
zgh - Tfng,Latn Standard Moroccan Tamazight,Tamazight
zh zho,chi,cmn,wuu Hans,Hant Chinese,Mandarin
zu zul Latn Zulu
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One language: other codes for it, its scripts (ISO 15924, the usual one first), English names (first: main)."""

    codes: tuple[str, ...]
    scripts: tuple[str, ...]
    names: tuple[str, ...]


def _rows() -> dict[str, Row]:
    rows = {}
    for line in _TABLE.strip().splitlines():
        tag, codes, scripts, names = line.split(" ", 3)
        rows[tag] = Row(
            tuple(codes.split(",")) if codes != "-" else (), tuple(scripts.split(",")), tuple(names.split(","))
        )
    return rows


LANGUAGES: dict[str, Row] = _rows()
"""Every known language, by its tag."""
