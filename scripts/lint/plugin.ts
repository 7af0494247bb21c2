// Owns Skein's own lint rules, loaded by oxlint: layers, raw time, any with a reason, export lists, headers.
// Must stay syntactic (one file at a time); what needs several files is a test in test/repo.

import { dirname, resolve, sep } from "node:path";
import {
  BROWSER_LAYERS,
  DEAR_MODULES,
  layerProblem,
  RAW_GLOBALS,
  RAW_IMPORTS,
  RAW_MEMBERS,
  RAW_MODULES,
} from "./layers.ts";

interface Node {
  readonly type: string;
  readonly range: readonly [number, number];
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
  readonly parent?: Node;
  readonly [key: string]: unknown;
}
interface Comment extends Node {
  readonly value: string;
}
interface Context {
  readonly filename: string;
  readonly sourceCode: { readonly text: string; getAllComments(): readonly Comment[] };
  report(problem: { readonly node: Node; readonly message: string }): void;
}
type Visitor = Record<string, (node: Node) => void>;

/** Path below the nearest `src/`, in parts; undefined for a file outside. */
function srcParts(filename: string): readonly string[] | undefined {
  const parts = filename.split(sep);
  const at = parts.lastIndexOf("src");
  return at < 0 ? undefined : parts.slice(at + 1);
}

function layerOf(filename: string): string | undefined {
  const parts = srcParts(filename);
  return parts !== undefined && parts.length > 1 ? parts[0] : undefined;
}

/** Writers of reference pages are tools beside their data; the build leaves them out. */
function isTool(filename: string): boolean {
  return filename.endsWith("write-reference.ts");
}

function sourceOf(node: Node): string | undefined {
  const source = node["source"] as { readonly value?: unknown } | null | undefined;
  return typeof source?.value === "string" ? source.value : undefined;
}

/** Every way of naming another module: import, export from, import(), `import("x").T` in a type. */
function onModule(visit: (node: Node, specifier: string) => void): Visitor {
  const fromSource = (node: Node): void => {
    const specifier = sourceOf(node);
    if (specifier !== undefined) visit(node, specifier);
  };
  return {
    ImportDeclaration: fromSource,
    ExportNamedDeclaration: fromSource,
    ExportAllDeclaration: fromSource,
    ImportExpression: fromSource,
    TSImportType: (node) => {
      const argument = (node["source"] ?? node["argument"]) as
        | { readonly value?: unknown; readonly literal?: { readonly value?: unknown } }
        | undefined;
      const specifier = argument?.value ?? argument?.literal?.value;
      if (typeof specifier === "string") visit(node, specifier);
    },
  };
}

const layers = {
  create(context: Context): Visitor {
    const layer = layerOf(context.filename);
    if (layer === undefined) return {};
    return onModule((node, specifier) => {
      if (specifier === "skein" || specifier.startsWith("skein/")) {
        context.report({ node, message: `Layer rule: src never imports "${specifier}"; use a relative path.` });
      } else if (specifier.startsWith("node:") && BROWSER_LAYERS.has(layer) && !isTool(context.filename)) {
        context.report({ node, message: `Layer rule: "${layer}" runs in browsers and may not import "${specifier}".` });
      } else if (specifier.startsWith(".")) {
        const target = resolve(dirname(context.filename), specifier);
        const problem =
          srcParts(target) === undefined
            ? "src may not import a file outside src"
            : layerProblem(layer, layerOf(target));
        if (problem !== undefined) context.report({ node, message: `Layer rule: ${problem}.` });
      }
    });
  },
};

const rawTime = {
  create(context: Context): Visitor {
    if (layerOf(context.filename) === "core") return {};
    const report = (node: Node, what: string): void =>
      context.report({
        node,
        message: `${what} is allowed only in src/core: take the clock, timers, random or ids as a parameter.`,
      });
    return {
      ...onModule((node, specifier) => {
        if (RAW_MODULES.has(specifier)) report(node, `"${specifier}"`);
        for (const item of (node["specifiers"] ?? []) as readonly {
          readonly imported?: { readonly name?: string };
        }[]) {
          const name = item.imported?.name;
          if (name !== undefined && RAW_IMPORTS[specifier]?.includes(name) === true)
            report(node, `"${name}" of "${specifier}"`);
        }
      }),
      Identifier: (node) => {
        const name = node["name"] as string;
        if (RAW_GLOBALS.has(name) && isReference(node)) report(node, name);
      },
      MemberExpression: (node) => {
        const member = memberName(node);
        const owner = ownerName(node["object"] as Node);
        if (member === undefined || owner === undefined) return;
        if (RAW_MEMBERS[owner]?.includes(member) === true) report(node, `${owner}.${member}`);
        if (owner === "globalThis" && RAW_GLOBALS.has(member)) report(node, `globalThis.${member}`);
      },
      NewExpression: (node) => {
        const callee = node["callee"] as Node;
        const isBare = (node["arguments"] as readonly unknown[]).length === 0;
        if (callee.type === "Identifier" && callee["name"] === "Date" && isBare)
          report(node, "new Date() without an argument");
      },
    };
  },
};

/** A use of a global name, not a property, parameter or declaration that happens to have the same name. */
function isReference(node: Node): boolean {
  const parent = node.parent;
  if (parent === undefined) return true;
  if (parent.type === "MemberExpression") return parent["object"] === node || parent["computed"] === true;
  if (parent.type === "Property") return parent["value"] === node && parent.parent?.type !== "ObjectPattern";
  if (parent.type === "TSTypeQuery") return false;
  if (parent.type === "VariableDeclarator") return parent["init"] === node;
  if (parent.type === "AssignmentPattern") return parent["right"] === node;
  const declares =
    /^(TS(Property|Method)Signature|PropertyDefinition|MethodDefinition|ImportSpecifier|ExportSpecifier|Function(Declaration|Expression)|ArrowFunctionExpression|TSEmptyBodyFunctionExpression|TSFunctionType|TSDeclareFunction)$/;
  if (parent.type === "PropertyDefinition") return parent["value"] === node;
  if (parent.type === "ArrowFunctionExpression") return parent["body"] === node;
  return !declares.test(parent.type);
}

function memberName(node: Node): string | undefined {
  const property = node["property"] as Node;
  if (node["computed"] !== true) return property["name"] as string | undefined;
  return property.type === "Literal" && typeof property["value"] === "string" ? property["value"] : undefined;
}

function ownerName(object: Node): string | undefined {
  if (object.type === "Identifier") return object["name"] as string;
  if (object.type === "MemberExpression" && ownerName(object["object"] as Node) === "globalThis")
    return memberName(object);
  return undefined;
}

const dearModules = {
  create(context: Context): Visitor {
    return onModule((node, specifier) => {
      // An inline `type` is not enough: what is left is an import of nothing, which loads the module all the same.
      const isType = node.type === "TSImportType" || node["importKind"] === "type" || node["exportKind"] === "type";
      if (!isType && DEAR_MODULES.has(specifier.replace(/^node:/, "")))
        context.report({
          node,
          message: `"${specifier}" is dear to load: take it from src/core/node-modules.ts, its types by \`import type\`.`,
        });
    });
  },
};

const anyReason = {
  create(context: Context): Visitor {
    return {
      TSAnyKeyword: (node) => {
        const line = node.loc.start.line;
        // The line above counts only for a suppression that carries a reason, since the formatter may move it there.
        const explained = context.sourceCode.getAllComments().some((comment) => {
          if (comment.loc.start.line === line) return comment.value.trim().length >= 10;
          return comment.loc.end.line === line - 1 && /disable-next-line .* -- .{8}/.test(comment.value);
        });
        if (!explained) {
          context.report({ node, message: "any needs its reason in a comment on the same line (or use unknown)." });
        }
      },
    };
  },
};

const noExportAll = {
  create(context: Context): Visitor {
    return {
      ExportAllDeclaration: (node) => context.report({ node, message: "No `export *`: list what is exported." }),
    };
  },
};

const header = {
  create(context: Context): Visitor {
    return {
      Program: (node) => {
        const text = context.sourceCode.text;
        const first = context.sourceCode.getAllComments().find((comment) => comment.type !== "Shebang");
        const before = first === undefined ? "x" : text.slice(0, first.range[0]).replace(/^#!.*/, "");
        if (first === undefined || before.trim() !== "" || first.value.trim().length < 20) {
          context.report({
            node,
            message: "The file starts with a short comment: what it owns, what it must never do.",
          });
        }
      },
    };
  },
};

const noEnum = {
  create(context: Context): Visitor {
    return {
      TSEnumDeclaration: (node) => context.report({ node, message: "No enums: use a union of literals." }),
      TSModuleDeclaration: (node) => {
        if (node["kind"] === "namespace") context.report({ node, message: "No namespaces: use a module." });
      },
    };
  },
};

export default {
  meta: { name: "skein" },
  rules: {
    layers,
    "raw-time": rawTime,
    "dear-modules": dearModules,
    "any-reason": anyReason,
    "no-export-all": noExportAll,
    header,
    "no-enum": noEnum,
  },
};
