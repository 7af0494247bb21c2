/** The little of Node that the program needs, without its types: it stands for a program of any platform. */
declare const process: { readonly argv: readonly string[] };
