-- The log of a container.
return {
  name = "Log",
  help = "What a container writes to its log: the last 1000 lines, then each as it comes.",
  tips = {
    "Opened from a container: l. Followed, and recorded, as long as it is looked at.",
    "The cursor stays at the newest line; elsewhere it stays with its line. End goes back.",
  },
  rows = "records",
  detail = "log",
  filter = 'detail.kind = "log"',
  key = { "container.number", "detail.number" },
  label = "detail.name",
  window = 60,
  follow = true,
  columns = {
    { "LINE", "detail.number", agg = "last", width = 6, sort = "asc", priority = 3 },
    { "TIME", "detail.time", agg = "last", priority = 1 },
    { "STREAM", "detail.value", agg = "last", width = 6, priority = 2 },
    { "TEXT", "detail.name", agg = "last", width = "rest" },
  },
}
