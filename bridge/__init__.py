"""The ways into a DAW: JACK connections and, later, kits, the link and the plugin."""
