# Runs the bundle of worker.js in workerd, with the component beside it.
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
