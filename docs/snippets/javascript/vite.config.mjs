// snippet: proxy
const target = "http://127.0.0.1:3000";

export default {
  server: {
    proxy: {
      "/v1": target,
      "/_local": target, // tokens of `cargo dev`
      "/socket.io": { target, ws: true },
      "/ws": { target, ws: true },
    },
  },
};
// end
