"""The pods that Jenkins' Kubernetes plugin runs a job in: one file for each runner."""

from __future__ import annotations

from gleis.contract.platform import Platform

# What one container asks for: requests are limits, so that a node is never promised twice.
_SIZES = {
    "cpu": {"cpu": "2", "memory": "4Gi", "ephemeral-storage": "10Gi"},
    "training": {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "50Gi"},
    "docker": {"cpu": "2", "memory": "8Gi", "ephemeral-storage": "50Gi"},
}
_GPU = "nvidia.com/gpu"


def pod(runner: str, platform: Platform) -> str:
    """The pod of a runner: restricted, except for what building an image without root needs."""
    base = platform.base_images.get(f"agent-{runner}") or platform.base_images["python"]
    size = _SIZES.get(runner, _SIZES["cpu"])
    asked = [f"{name}: {_plain(value)}" for name, value in size.items()]
    if runner == "training":
        asked.append(f"{_GPU}: 0")
    builder = runner == "docker"
    lines = [
        "# Rendered from ci/pipeline.yaml and platform.yaml by `gleis render`: edit those.",
        f"# {_POD_WORDS.get(runner, 'An agent.')}",
        "apiVersion: v1",
        "kind: Pod",
        "metadata:",
        "  labels:",
        "    app.kubernetes.io/name: gleis-agent",
        f"    gleis/runner: {runner}",
        "spec:",
        "  automountServiceAccountToken: false",
        "  restartPolicy: Never",
        "  securityContext:",
        "    runAsNonRoot: true",
        "    runAsUser: 1000",
        "    runAsGroup: 1000",
        "    fsGroup: 1000",
        "    seccompProfile:",
        "      type: RuntimeDefault",
    ]
    if builder:
        lines.insert(-2, "    # A user namespace of its own is all that buildah asks for.")
        lines += ["  hostUsers: false"]
    if runner == "training":
        lines += [
            "  tolerations:",
            f"    - key: {_GPU}",
            "      operator: Exists",
            "      effect: NoSchedule",
        ]
    lines += [
        "  containers:",
        "    - name: gleis",
        f"      image: {base.image}@{base.digest}",
        "      command: [sleep]",
        "      args: [infinity]",
        "      env:",
        "        - {name: HOME, value: /home/jenkins/agent}",
    ]
    if builder:
        lines += [
            "        - {name: BUILDAH_ISOLATION, value: chroot}",
            "        - {name: STORAGE_DRIVER, value: vfs}",
        ]
    lines += [
        "      securityContext:",
        f"        allowPrivilegeEscalation: {'true' if builder else 'false'}",
        "        privileged: false",
        "        capabilities:",
        "          drop: [ALL]",
    ]
    if builder:
        lines += ["          add: [SETUID, SETGID]"]
    lines += ["      resources:"]
    for kind in ("requests", "limits"):
        lines += [f"        {kind}:", *(f"          {each}" for each in asked)]
    return "\n".join(lines) + "\n"


_POD_WORDS = {
    "cpu": "Checks and delivers.",
    "training": "Trains; mlPipeline(gpus: n) puts its GPUs in place of the 0.",
    "docker": "Builds images with buildah, without root on the node and without a Docker daemon.",
}


def _plain(value: str) -> str:
    return f'"{value}"' if value.isdigit() else value
