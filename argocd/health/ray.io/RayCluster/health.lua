-- A Ray cluster, of a RayJob or on its own.
-- States: ray-project/kuberay, ray-operator/apis/ray/v1/raycluster_types.go.
local status = obj.status or {}
local spec = obj.spec or {}

local function condition(kind)
  for _, each in ipairs(status.conditions or {}) do
    if each.type == kind then
      return each
    end
  end
end

local function holds(kind)
  local found = condition(kind)
  return found ~= nil and found.status == "True"
end

local function said(each)
  if each.message ~= nil and each.message ~= "" then
    return (each.reason or each.type) .. ": " .. each.message
  end
  return each.reason or each.type
end

local observed = status.observedGeneration
local generation = (obj.metadata or {}).generation
if obj.status == nil or (observed ~= nil and generation ~= nil and observed < generation) then
  return { status = "Progressing", message = "Waits for KubeRay to look at it" }
end
if holds("RayClusterSuspending") then
  return { status = "Progressing", message = "Suspended: its pods are being removed" }
end
if spec.suspend or status.state == "suspended" or holds("RayClusterSuspended") then
  return { status = "Suspended", message = "Suspended: has no pods" }
end
if holds("ReplicaFailure") then
  return { status = "Degraded", message = "Pods cannot be made. " .. said(condition("ReplicaFailure")) }
end
if status.state == "failed" then
  return { status = "Degraded", message = "Failed. " .. (status.reason or "KubeRay gives no reason") }
end

local ready, desired = status.readyWorkerReplicas or 0, status.desiredWorkerReplicas or 0
local workers = ready .. " of " .. desired .. " workers are ready"
local head = condition("HeadPodReady")
if head ~= nil and head.status ~= "True" then
  if holds("RayClusterProvisioned") then
    return { status = "Degraded", message = "The head pod was lost, and the job's state with it. " .. said(head) }
  end
  return { status = "Progressing", message = "Waits for the head pod. " .. said(head) }
end
if status.state ~= "ready" then
  return { status = "Progressing", message = "Starts: " .. workers }
end
if ready < desired then
  return { status = "Progressing", message = workers }
end
return { status = "Healthy", message = workers }
