# workerd with the bundle of worker.js, and the component beside it.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(
    name = "vectors",
    worker = (
      modules = [
        (name = "worker.js", esModule = embed "build/worker.js"),
        (name = "jerakia-auth.core.wasm", wasm = embed "build/jerakia-auth.core.wasm"),
      ],
      compatibilityDate = "2026-11-01",
    ),
  )],
);
