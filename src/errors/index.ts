/**
 * The door of `errors`: the catalogue, the error class and its wire form.
 * Must never import another layer than `core`.
 */
export { catalogue, isSkeinCode, type Actor, type CatalogueRow, type Outcome, type SkeinCode } from "./catalogue.ts";
export { canonicalCodes, canonicalStatus, isCanonicalCode, type CanonicalCode } from "./codes.ts";
export { renderErrorReference } from "./reference.ts";
export {
  declaredError,
  DeclaredError,
  isDeclarableName,
  isDeclaredError,
  isSkeinError,
  skeinError,
  SkeinError,
  type SkeinErrorFields,
} from "./skein-error.ts";
export { fromWireError, toWireError, type WireError } from "./wire.ts";
