-- Pods of Kubernetes and Podman: what the containers of each use.
return {
  name = "Pods",
  help = "Pods of Kubernetes and Podman by CPU.",
  tips = {
    "Enter shows the pod's containers.",
    "RECV and SENT are of the network namespace that its containers share, counted once.",
  },
  rows = "records",
  filter = "k8s.pod.name exists and not sample.idle = true",
  key = { "k8s.ns.name", "k8s.pod.name", "k8s.pod.uid" },
  label = "k8s.pod.name",
  window = 3,
  columns = {
    { "NAMESPACE", "k8s.ns.name" },
    { "CPU%", "proc.cpu", agg = "mean", sort = "desc" },
    { "MEM", "container.memory", agg = "mean" },
    { "RECV/s", "k8s.pod.net_received", agg = "rate", priority = 2 },
    { "SENT/s", "k8s.pod.net_sent", agg = "rate", priority = 3 },
    { "CONTAINERS", "k8s.pod.container", agg = "distinct", width = 10, id = "k8s.pod.containers" },
    { "PROCS", "proc.living", agg = "distinct", width = 5, id = "k8s.pod.processes" },
    { "ON-CPU", "sample.weight", agg = "sum", of = "filtered", id = "sample.percent", priority = 1 },
    { "POD", "k8s.pod.name", width = "rest" },
  },
  drill = { "containers", "processes", "symbols" },
}
