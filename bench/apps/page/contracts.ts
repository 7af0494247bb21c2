/** What the ten services of the page promise. */
import { contract, query } from "skein/contract";
import * as s from "./schemas.ts";

export const Accounts = contract("accounts", {
  session: query({ input: s.ForUser, output: s.Session }),
  history: query({ input: s.ForUser, output: s.History }),
});
export const Ads = contract("ads", { choose: query({ input: s.ForSegment, output: s.Ad }) });
export const Cart = contract("cart", { view: query({ input: s.ForBasket, output: s.Basket }) });
export const Catalogue = contract("catalogue", {
  list: query({ input: s.ForCategory, output: s.Products }),
  find: query({ input: s.ForSkus, output: s.Products }),
});
export const Currency = contract("currency", {
  convert: query({ input: s.Money, output: s.Converted }),
  supported: query({ input: s.Nothing, output: s.Currencies }),
});
export const Home = contract("home", { page: query({ input: s.ForUser, output: s.Page, http: "GET /page" }) });
export const Recommend = contract("recommend", { forUser: query({ input: s.ForUser, output: s.Recommended }) });
export const Reviews = contract("reviews", { ratings: query({ input: s.ForSkus, output: s.Ratings }) });
export const Shipping = contract("shipping", {
  quote: query({ input: s.ForParcel, output: s.Quote }),
  promise: query({ input: s.ForCountry, output: s.Promised }),
});
export const Stock = contract("stock", { levels: query({ input: s.ForSkus, output: s.Levels }) });
