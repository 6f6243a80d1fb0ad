-- Images: what all containers made from each use.
return {
  name = "Images",
  help = "Container images by the CPU that their containers use.",
  tips = { "Enter shows the image's containers." },
  rows = "records",
  filter = "container.image exists and not sample.idle = true",
  key = { "container.image" },
  window = 3,
  columns = {
    { "CPU%", "proc.cpu", agg = "mean", sort = "desc" },
    { "MEM", "container.memory", agg = "mean" },
    { "CONTAINERS", "container.number", agg = "distinct", width = 10, id = "image.containers" },
    { "PROCS", "proc.pid", agg = "distinct", width = 5, id = "image.processes" },
    { "IMAGE", "container.image", width = "rest" },
  },
  drill = { "containers", "processes", "symbols" },
}
