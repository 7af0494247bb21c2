/* eslint-disable */
// Written by `skein client` from the contracts of "shop": 15 methods. Do not edit: run it again.
// It needs only skein/client, and runs in browsers.
import {
  type BodyCallOptions,
  type CallOptions,
  type CallPromise,
  type DeclaredErrors,
  type HttpClientOptions,
  type HttpTable,
  createHttpClient,
} from "skein/client";

/** The services that can be called over HTTP. */
export interface Client {
  readonly cart: CartClient;
  readonly catalog: CatalogClient;
  readonly orders: OrdersClient;
  readonly payments: PaymentsClient;
  readonly recommend: RecommendClient;
  readonly search: SearchClient;
  readonly storefront: StorefrontClient;
}

/** A client of the gateway at `options.baseUrl`. */
export function createClient(options: HttpClientOptions): Client {
  return createHttpClient<Client>(methods, options);
}

/** The methods of `cart`. */
export interface CartClient {
  /**
   * A user's cart
   *
   * `GET /carts/:user`, a query.
   */
  view(input: CartViewInput, options?: CallOptions): CallPromise<CartViewOutput, Record<never, never>>;
  /**
   * Put a product into a cart
   *
   * `PUT /carts/:user`, a command.
   */
  put(input: CartPutInput, options?: CallOptions): CallPromise<CartPutOutput, Record<never, never>>;
}

/** The methods of `catalog`. */
export interface CatalogClient {
  /**
   * One product
   *
   * `GET /products/:id`, a query.
   */
  get(input: CatalogGetInput, options?: CallOptions): CallPromise<CatalogGetOutput, CatalogGetErrors>;
  /**
   * Add a product, or replace it by sku
   *
   * `POST /admin/products`, a command.
   */
  add(input: CatalogAddInput, options?: CallOptions): CallPromise<CatalogAddOutput, Record<never, never>>;
}

/** The methods of `orders`. */
export interface OrdersClient {
  /**
   * Place an order; the same Idempotency-Key places it once
   *
   * `POST /orders`, an action.
   */
  place(input: OrdersPlaceInput, options?: CallOptions): CallPromise<OrdersPlaceOutput, OrdersPlaceErrors>;
  /**
   * Orders by id; `next` is the `after` of the next page
   *
   * `GET /orders`, a query.
   */
  list(input: OrdersListInput, options?: CallOptions): CallPromise<OrdersListOutput, Record<never, never>>;
  /**
   * One order
   *
   * `GET /orders/:id`, a query.
   */
  get(input: OrdersGetInput, options?: CallOptions): CallPromise<OrdersGetOutput, OrdersGetErrors>;
  /**
   * The orders of whoever asks
   *
   * `GET /me/orders`, a query.
   */
  mine(input: OrdersMineInput, options?: CallOptions): CallPromise<OrdersMineOutput, Record<never, never>>;
  /**
   * One order, for who placed it
   *
   * `GET /me/orders/:id`, a query.
   */
  myOrder(input: OrdersMyOrderInput, options?: CallOptions): CallPromise<OrdersMyOrderOutput, Record<never, never>>;
  /**
   * Every order of the administrator's tenant
   *
   * `GET /admin/orders`, a query.
   */
  all(input: OrdersAllInput, options?: CallOptions): CallPromise<OrdersAllOutput, Record<never, never>>;
}

/** The methods of `payments`. */
export interface PaymentsClient {
  /**
   * A refund, told by the payment provider
   *
   * `POST /webhooks/payments`, a command.
   */
  refunded(input: PaymentsRefundedInput, options: CallOptions & BodyCallOptions): CallPromise<PaymentsRefundedOutput, PaymentsRefundedErrors>;
  /** `GET /payments/count`, a query. */
  count(input?: undefined, options?: CallOptions): CallPromise<PaymentsCountOutput, Record<never, never>>;
}

/** The methods of `recommend`. */
export interface RecommendClient {
  /**
   * Products bought together with this one
   *
   * `GET /products/:id/related`, a query.
   */
  related(input: RecommendRelatedInput, options?: CallOptions): CallPromise<RecommendRelatedOutput, Record<never, never>>;
}

/** The methods of `search`. */
export interface SearchClient {
  /**
   * Products, by words of their title, category or description
   *
   * `GET /products`, a query.
   */
  products(input: SearchProductsInput, options?: CallOptions): CallPromise<SearchProductsOutput, Record<never, never>>;
}

/** The methods of `storefront`. */
export interface StorefrontClient {
  /**
   * The home page: 20 calls over the other nine services
   *
   * `GET /home`, a query.
   */
  home(input: StorefrontHomeInput, options?: CallOptions): CallPromise<StorefrontHomeOutput, Record<never, never>>;
}

/** What `cart.view` takes. */
export interface CartViewInput {
  readonly user: string;
}

/** What `cart.view` answers. */
export interface CartViewOutput {
  readonly user: string;
  readonly lines: {
    readonly sku: string;
    readonly title: string;
    readonly price: number;
    readonly currency: string;
    readonly available: number;
    readonly quantity: number;
  }[];
  readonly total: number;
}

/** What `cart.put` takes. */
export interface CartPutInput {
  readonly user: string;
  readonly sku: string;
  readonly quantity: number;
}

/** What `cart.put` answers. */
export interface CartPutOutput {
  readonly lines: number;
}

/** What `catalog.get` takes. */
export interface CatalogGetInput {
  readonly id: string;
}

/** What `catalog.get` answers. */
export interface CatalogGetOutput {
  readonly sku: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly price: number;
  readonly currency: string;
}

/** The errors that `catalog.get` declares, with their data. */
export type CatalogGetErrors = DeclaredErrors<{
  readonly PRODUCT_NOT_FOUND: {
    readonly sku: string;
  };
}>;

/** What `catalog.add` takes. */
export interface CatalogAddInput {
  readonly sku: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly price: number;
  readonly currency: string;
}

/** What `catalog.add` answers. */
export type CatalogAddOutput = CatalogGetOutput;

/** What `orders.place` takes. */
export interface OrdersPlaceInput {
  readonly user: string;
  readonly items: readonly {
    readonly sku: string;
    readonly quantity: number;
  }[];
}

/** What `orders.place` answers. */
export interface OrdersPlaceOutput {
  readonly id: number;
  readonly user: string;
  readonly date: string;
  readonly status: "pending" | "paid" | "refused";
  readonly items: {
    readonly sku: string;
    readonly quantity: number;
  }[];
  readonly total: number;
  readonly currency: string;
}

/** The errors that `orders.place` declares, with their data. */
export type OrdersPlaceErrors = DeclaredErrors<{
  readonly PRODUCT_UNKNOWN: {
    readonly sku: string;
  };
  readonly CURRENCIES_MIXED: undefined;
  readonly ORDER_TOO_LARGE: undefined;
  readonly OUT_OF_STOCK: {
    readonly sku: string;
  };
  readonly PAYMENT_DECLINED: undefined;
  readonly PAYMENT_PENDING: {
    readonly order: number;
  };
  readonly KEY_REUSED: undefined;
}>;

/** What `orders.list` takes. */
export interface OrdersListInput {
  readonly user?: string | undefined;
  readonly limit?: number | undefined;
  readonly after?: number | undefined;
}

/** What `orders.list` answers. */
export interface OrdersListOutput {
  readonly orders: OrdersPlaceOutput[];
  readonly next?: string;
}

/** What `orders.get` takes. */
export interface OrdersGetInput {
  readonly id: number;
}

/** What `orders.get` answers. */
export type OrdersGetOutput = OrdersPlaceOutput;

/** The errors that `orders.get` declares, with their data. */
export type OrdersGetErrors = DeclaredErrors<{
  readonly ORDER_NOT_FOUND: {
    readonly id: number;
  };
}>;

/** What `orders.mine` takes. */
export interface OrdersMineInput {
  readonly limit?: number | undefined;
  readonly after?: number | undefined;
}

/** What `orders.mine` answers. */
export type OrdersMineOutput = OrdersListOutput;

/** What `orders.myOrder` takes. */
export type OrdersMyOrderInput = OrdersGetInput;

/** What `orders.myOrder` answers. */
export type OrdersMyOrderOutput = OrdersPlaceOutput;

/** What `orders.all` takes. */
export type OrdersAllInput = OrdersMineInput;

/** What `orders.all` answers. */
export type OrdersAllOutput = OrdersListOutput;

/** What `payments.refunded` takes. */
export interface PaymentsRefundedInput {
  readonly signature?: string | undefined;
}

/** What `payments.refunded` answers. */
export interface PaymentsRefundedOutput {
  readonly isNew: boolean;
}

/** The errors that `payments.refunded` declares, with their data. */
export type PaymentsRefundedErrors = DeclaredErrors<{
  readonly NO_WEBHOOKS: undefined;
  readonly NOT_A_REFUND: undefined;
}>;

/** What `payments.count` answers. */
export interface PaymentsCountOutput {
  readonly charges: number;
  readonly amount: number;
}

/** What `recommend.related` takes. */
export interface RecommendRelatedInput {
  readonly id: string;
  readonly limit?: number | undefined;
}

/** What `recommend.related` answers. */
export interface RecommendRelatedOutput {
  readonly related: {
    readonly sku: string;
    readonly title: string;
    readonly price: number;
    readonly currency: string;
    readonly available: number;
    readonly together: number;
  }[];
}

/** What `search.products` takes. */
export interface SearchProductsInput {
  readonly q?: string | undefined;
  readonly limit?: number | undefined;
}

/** What `search.products` answers. */
export interface SearchProductsOutput {
  readonly products: CatalogGetOutput[];
}

/** What `storefront.home` takes. */
export interface StorefrontHomeInput {
  readonly user?: string | undefined;
}

/** What `storefront.home` answers. */
export interface StorefrontHomeOutput {
  readonly profile: {
    readonly user: string;
    readonly name: string;
    readonly currency: string;
    readonly newsletter: boolean;
  };
  readonly greeting: string;
  readonly messages: {
    readonly id: number;
    readonly text: string;
  }[];
  readonly cart: {
    readonly user: string;
    readonly lines: {
      readonly sku: string;
      readonly title: string;
      readonly price: number;
      readonly currency: string;
      readonly available: number;
      readonly quantity: number;
    }[];
    readonly total: number;
  };
  readonly featured: {
    readonly sku: string;
    readonly title: string;
    readonly price: number;
    readonly currency: string;
    readonly available: number;
  }[];
  readonly forYou: {
    readonly sku: string;
    readonly title: string;
    readonly price: number;
    readonly currency: string;
    readonly available: number;
  }[];
  readonly popular: {
    readonly sku: string;
    readonly title: string;
    readonly price: number;
    readonly currency: string;
    readonly available: number;
  }[];
  readonly lastOrders: {
    readonly id: number;
    readonly date: string;
    readonly status: string;
    readonly total: number;
    readonly titles: string[];
  }[];
  readonly payWith: string[];
}

/** How each method is called: its kind, its route, and where its answer has more than JSON has words for. */
const methods: HttpTable = {
  cart: {
    view: { kind: "query", http: "GET /carts/:user" },
    put: { kind: "command", http: "PUT /carts/:user" },
  },
  catalog: {
    get: { kind: "query", http: "GET /products/:id", errors: { PRODUCT_NOT_FOUND: { canonical: "not_found" } } },
    add: { kind: "command", http: "POST /admin/products" },
  },
  orders: {
    place: {
      kind: "action",
      http: "POST /orders",
      keyed: true,
      errors: { PAYMENT_PENDING: { canonical: "unavailable" }, KEY_REUSED: { canonical: "already_exists" } },
    },
    list: { kind: "query", http: "GET /orders" },
    get: { kind: "query", http: "GET /orders/:id", errors: { ORDER_NOT_FOUND: { canonical: "not_found" } } },
    mine: { kind: "query", http: "GET /me/orders" },
    myOrder: { kind: "query", http: "GET /me/orders/:id" },
    all: { kind: "query", http: "GET /admin/orders" },
  },
  payments: {
    refunded: {
      kind: "command",
      http: "POST /webhooks/payments",
      headers: { "webhook-signature": "signature" },
      body: { max: 65536 },
      errors: { NO_WEBHOOKS: { canonical: "not_found" } },
    },
    count: { kind: "query", http: "GET /payments/count" },
  },
  recommend: {
    related: { kind: "query", http: "GET /products/:id/related" },
  },
  search: {
    products: { kind: "query", http: "GET /products" },
  },
  storefront: {
    home: { kind: "query", http: "GET /home" },
  },
};
