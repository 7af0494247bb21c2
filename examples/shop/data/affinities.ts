/**
 * What customers of the example shop buy together, written by hand: occasions with the goods they call for, and staples.
 * Owns data only; must never name a sku that the catalogue does not have (a test says so).
 */

/** One reason to go shopping. `weight` is its share of visits; an item is taken with the given probability. */
export interface Occasion {
  readonly name: string;
  readonly weight: number;
  readonly items: Readonly<Record<string, number>>;
}

export const occasions: readonly Occasion[] = [
  { name: "a pot of tea", weight: 9, items: { "TEA-0301": 0.7, "TEA-0303": 0.75, "TEA-0304": 0.35, "TEA-0308": 0.4, "TEA-0309": 0.35, "TEA-0307": 0.3 } },
  { name: "green tea", weight: 4, items: { "TEA-0302": 0.75, "TEA-0305": 0.8, "TEA-0307": 0.35, "TEA-0309": 0.3 } },
  { name: "filter coffee", weight: 7, items: { "TEA-0312": 0.7, "TEA-0313": 0.85, "TEA-0315": 0.65, "TEA-0316": 0.3, "TEA-0310": 0.4 } },
  { name: "strong coffee", weight: 5, items: { "TEA-0311": 0.7, "TEA-0314": 0.8, "TEA-0310": 0.4, "TEA-0318": 0.35, "TEA-0317": 0.3 } },
  { name: "sourdough", weight: 7, items: { "BAK-0203": 0.7, "BAK-0206": 0.6, "BAK-0205": 0.8, "BAK-0204": 0.5, "KIT-0110": 0.35, "KIT-0101": 0.3, "BAK-0202": 0.25 } },
  { name: "a birthday cake", weight: 6, items: { "BAK-0207": 0.6, "BAK-0211": 0.6, "BAK-0210": 0.5, "BAK-0213": 0.45, "BAK-0214": 0.3, "STA-0414": 0.35 } },
  { name: "muffins and biscuits", weight: 5, items: { "BAK-0208": 0.7, "BAK-0209": 0.85, "BAK-0212": 0.4, "BAK-0201": 0.4, "BAK-0214": 0.35 } },
  { name: "jam season", weight: 6, items: { "KIT-0113": 0.9, "KIT-0114": 0.7, "KIT-0115": 0.6, "KIT-0117": 0.3, "KIT-0104": 0.25 } },
  { name: "a first kitchen", weight: 5, items: { "KIT-0103": 0.6, "KIT-0102": 0.65, "KIT-0106": 0.4, "KIT-0105": 0.4, "KIT-0107": 0.35, "KIT-0118": 0.3 } },
  { name: "salads", weight: 3, items: { "KIT-0109": 0.7, "KIT-0108": 0.45, "KIT-0116": 0.5, "KIT-0112": 0.45, "KIT-0111": 0.4 } },
  { name: "writing letters", weight: 5, items: { "STA-0403": 0.75, "STA-0404": 0.7, "STA-0405": 0.6, "STA-0401": 0.4, "STA-0413": 0.35, "STA-0415": 0.35 } },
  { name: "drawing", weight: 5, items: { "STA-0402": 0.7, "STA-0406": 0.75, "STA-0407": 0.5, "STA-0408": 0.6 } },
  { name: "watercolours", weight: 4, items: { "STA-0409": 0.75, "STA-0410": 0.75, "STA-0402": 0.5, "STA-0411": 0.4 } },
  { name: "wrapping a present", weight: 6, items: { "STA-0418": 0.8, "STA-0417": 0.6, "STA-0416": 0.35, "STA-0414": 0.5, "STA-0411": 0.3 } },
  { name: "tomatoes", weight: 7, items: { "GAR-0506": 0.85, "GAR-0516": 0.55, "GAR-0515": 0.5, "GAR-0510": 0.6, "GAR-0511": 0.5, "GAR-0507": 0.35 } },
  { name: "spring planting", weight: 6, items: { "GAR-0501": 0.6, "GAR-0502": 0.5, "GAR-0504": 0.6, "GAR-0503": 0.35, "GAR-0505": 0.35, "GAR-0514": 0.4 } },
  { name: "pots on the window sill", weight: 5, items: { "GAR-0512": 0.85, "GAR-0513": 0.75, "GAR-0510": 0.45, "GAR-0507": 0.6 } },
  { name: "bees and birds", weight: 4, items: { "GAR-0509": 0.6, "GAR-0508": 0.6, "GAR-0517": 0.55, "GAR-0518": 0.6 } },
  { name: "the wooden railway", weight: 6, items: { "TOY-0601": 0.7, "TOY-0602": 0.65, "TOY-0603": 0.55, "CYC-0904": 0.45, "TOY-0604": 0.2 } },
  { name: "marbles", weight: 4, items: { "TOY-0605": 0.75, "TOY-0606": 0.85, "TOY-0604": 0.3 } },
  { name: "a rainy Sunday", weight: 5, items: { "TOY-0607": 0.5, "TOY-0608": 0.4, "TOY-0611": 0.5, "TOY-0613": 0.4, "TOY-0614": 0.35, "TOY-0612": 0.3 } },
  { name: "a present for a small child", weight: 5, items: { "TOY-0609": 0.5, "TOY-0610": 0.5, "TOY-0617": 0.6, "TOY-0618": 0.65, "STA-0418": 0.35 } },
  { name: "out of doors", weight: 3, items: { "TOY-0615": 0.7, "TOY-0616": 0.55, "TEX-0714": 0.3 } },
  { name: "laying the table", weight: 4, items: { "TEX-0704": 0.65, "TEX-0705": 0.75, "HOM-1001": 0.5, "HOM-1002": 0.45, "TEX-0701": 0.25 } },
  { name: "a new cook", weight: 4, items: { "TEX-0702": 0.65, "TEX-0703": 0.65, "TEX-0701": 0.6, "KIT-0117": 0.3 } },
  { name: "the bedroom", weight: 4, items: { "TEX-0711": 0.7, "TEX-0712": 0.85, "TEX-0706": 0.3 } },
  { name: "the sofa", weight: 3, items: { "TEX-0707": 0.85, "TEX-0708": 0.8, "TEX-0706": 0.45 } },
  { name: "the bathroom", weight: 4, items: { "TEX-0709": 0.7, "TEX-0710": 0.75, "HOM-1008": 0.55, "HOM-1009": 0.5 } },
  { name: "putting up a shelf", weight: 6, items: { "TOO-0803": 0.45, "TOO-0805": 0.6, "TOO-0806": 0.8, "TOO-0808": 0.6, "TOO-0807": 0.4, "TOO-0802": 0.3 } },
  { name: "working in wood", weight: 4, items: { "TOO-0811": 0.6, "TOO-0804": 0.5, "TOO-0812": 0.7, "TOO-0813": 0.6, "TOO-0814": 0.55 } },
  { name: "moving in", weight: 3, items: { "TOO-0801": 0.6, "TOO-0802": 0.65, "TOO-0810": 0.5, "TOO-0809": 0.4, "TOO-0807": 0.4 } },
  { name: "cycling after dark", weight: 8, items: { "CYC-0901": 0.85, "CYC-0902": 0.75, "CYC-0903": 0.65, "CYC-0904": 0.5, "CYC-0905": 0.35 } },
  { name: "a flat tyre", weight: 6, items: { "CYC-0906": 0.7, "CYC-0907": 0.7, "CYC-0908": 0.6, "CYC-0909": 0.45, "CYC-0914": 0.25 } },
  { name: "the daily ride", weight: 4, items: { "CYC-0911": 0.5, "CYC-0912": 0.5, "CYC-0910": 0.5, "CYC-0913": 0.5, "CYC-0914": 0.35 } },
  { name: "candlelight", weight: 4, items: { "HOM-1001": 0.8, "HOM-1002": 0.6, "HOM-1003": 0.7 } },
  { name: "the terrace lantern", weight: 3, items: { "HOM-1004": 0.8, "HOM-1005": 0.85, "HOM-1003": 0.5 } },
  { name: "the desk", weight: 3, items: { "HOM-1006": 0.7, "HOM-1007": 0.8, "STA-0412": 0.5, "STA-0401": 0.4 } },
  { name: "washing day", weight: 3, items: { "HOM-1010": 0.75, "HOM-1011": 0.65, "HOM-1008": 0.25 } },
  { name: "the hallway", weight: 3, items: { "HOM-1012": 0.6, "CYC-0903": 0.5, "HOM-1013": 0.5, "HOM-1014": 0.45 } },
];

/** Thrown into any basket, whatever the occasion: popular, and related to nothing. */
export const staples: Readonly<Record<string, number>> = {
  "TEX-0713": 0.16,
  "TEA-0317": 0.13,
  "TEA-0306": 0.09,
  "KIT-0112": 0.08,
  "STA-0401": 0.07,
  "HOM-1007": 0.05,
};
