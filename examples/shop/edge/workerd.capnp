using Workerd = import "/workerd/workerd.capnp";

# No compatibility with Node is asked for: the bundle needs none.
const config :Workerd.Config = (
  services = [(name = "shop", worker = .shop)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "shop")],
);

const shop :Workerd.Worker = (
  modules = [(name = "bundle.js", esModule = embed "bundle.js")],
  compatibilityDate = "2026-11-01",
  # A client that leaves aborts request.signal.
  compatibilityFlags = ["enable_request_signal"],
);
