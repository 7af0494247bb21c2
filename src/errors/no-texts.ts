/**
 * Stands for texts.ts in a bundle for browsers: no text of any code.
 * Must never hold one: what a browser shows of an error comes from the server, or from who raised it.
 */
import type { ErrorText, SkeinCode } from "./catalogue.ts";

export const errorTexts: Readonly<Record<SkeinCode, ErrorText>> | undefined = undefined;
