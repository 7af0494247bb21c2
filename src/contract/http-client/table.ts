/**
 * Owns the shape of the table that `skein client` writes: what has to be known of each method to call it over HTTP. It must
 * never hold a schema for validation: the server validates.
 */
import type { CanonicalCode } from "../../errors/index.ts";
import type { JsonSchema } from "../internal/marks.ts";
import type { ErrorSpec, HttpRoute, Kind } from "../method.ts";
import type { Schema } from "../schema.ts";

/** One method of a table. @since 0.1.0 */
export interface HttpMethod {
  readonly kind: Kind;
  readonly http: HttpRoute;
  /** Header (lower case) to input field. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Cookie to input field; a browser sends its own, whatever is given here. */
  readonly cookies?: Readonly<Record<string, string>>;
  /** Fields that go into the query beside a body. */
  readonly query?: readonly string[];
  /** The field that is the whole body. */
  readonly bodyField?: string;
  /** The server keeps the keys of an action too, so that it may be sent again. */
  readonly keyed?: true;
  /** It takes bytes beside its input, at most so many; all else goes into the query. */
  readonly body?: { readonly max: number };
  /** The answer is bytes. */
  readonly download?: true;
  /** The answer comes item by item; `id` names the field of an item after which a reader can resume. */
  readonly stream?: { readonly id?: string };
  /** Where instants, bigints and bytes are in the answer (or in each item); left out when there are none. */
  readonly answer?: JsonSchema;
  /** Fields of the answer that are in its head. */
  readonly reply?: HttpMethodReply;
  /** Declared errors of which more than the name has to be known. */
  readonly errors?: Readonly<Record<string, HttpMethodError>>;
}

/** Where the fields of an answer are that are not in its body. @since 0.1.0 */
export interface HttpMethodReply {
  /** Header (lower case) to field; `type` where it is more than text, `orNull` where it is `null` without the header. */
  readonly headers?: Readonly<Record<string, HttpReplyHeader>>;
  /** The field that a status stands for, and its value by status. */
  readonly status?: { readonly field: string; readonly is: Readonly<Record<string, string | number | boolean | null>> };
  /** A status of 301 to 308 is an answer and not a place to go to. */
  readonly redirects?: true;
}

/** One header of an answer. @since 0.1.0 */
export interface HttpReplyHeader {
  readonly field: string;
  readonly type?: JsonSchema;
  readonly orNull?: true;
}

/** What has to be known of a declared error to read it. @since 0.1.0 */
export interface HttpMethodError {
  readonly canonical?: CanonicalCode;
  /** Where instants, bigints and bytes are in its data; left out when there are none. */
  readonly data?: JsonSchema;
}

/** Methods by service and name. @since 0.1.0 */
export type HttpTable = Readonly<Record<string, Readonly<Record<string, HttpMethod>>>>;

/** Declared errors by name, as `CallPromise` remembers them, made from the types of their data. @since 0.1.0 */
export type DeclaredErrors<Data extends Readonly<Record<string, unknown>>> = {
  readonly [Code in keyof Data]: Data[Code] extends undefined
    ? Omit<ErrorSpec, "data">
    : { readonly data: Schema<Data[Code], Data[Code]> };
};
