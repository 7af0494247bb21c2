/** Search's code. */
import { search } from "./service.ts";

export default search.implement(
  {
    async products({ q, limit }, { index, catalog }) {
      await index.refresh(catalog);
      return { products: index.find(q, limit) };
    },

    async popular({ limit }, { index, catalog }) {
      return catalog.cards({ skus: index.popular(limit) });
    },
  },
  {
    async start({ index, catalog }) {
      await index.refresh(catalog);
    },
  },
);
