"""Where alerts go: values of kube-prometheus-stack, rendered from platform.yaml.

Each alert of a project names its owner in a label, so one route serves every project: a thousand
tenants add no line to Alertmanager's configuration, and nobody waits for it to be loaded again.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from gleis.contract.platform import Platform

_TEXT = """\
alertmanager:
  config:
    global:
      resolve_timeout: 5m
      smtp_smarthost: {smarthost}
      smtp_from: {sender}
    route:
      receiver: platform
      group_by: [alertname, namespace]
      group_wait: 30s
      group_interval: 5m
      repeat_interval: 24h
      routes:
        # Always firing, to show that alerts arrive; nobody wants a mail of it.
        - receiver: nobody
          matchers: ['alertname = "Watchdog"']
        # By owner first, so that no mail holds alerts of two.
        - receiver: owner-page
          matchers: ['owner =~ ".+@.+"', 'severity = "page"']
          group_by: [owner, model, environment, alertname]
          group_wait: 10s
          repeat_interval: 1h
        - receiver: owner
          matchers: ['owner =~ ".+@.+"']
          group_by: [owner, model, environment, alertname]
    inhibit_rules:
      # Who was woken by it needs no ticket of it.
      - source_matchers: ['severity = "page"', 'owner =~ ".+@.+"']
        target_matchers: ['severity = "ticket"']
        equal: [alertname, namespace, model]
      # What is down has no speed and no errors to speak of.
      - source_matchers: ['alertname = "ModelServiceDown"']
        target_matchers: ['alertname =~ "Model(Availability|Latency)BudgetBurn"']
        equal: [namespace, model]
    receivers:
      - name: nobody
      - name: platform
        email_configs:
          - to: {platform}
            send_resolved: true
      # Two receivers with the same mail, because pages will go to a pager one day.
      - name: owner-page
        email_configs:
          - to: '{{{{ .CommonLabels.owner }}}}'
            send_resolved: true
            headers:
              Subject: '{subject}'
              Importance: high
      - name: owner
        email_configs:
          - to: '{{{{ .CommonLabels.owner }}}}'
            send_resolved: true
            headers:
              Subject: '{subject}'
"""
_SUBJECT = (
    "[{{ .Status | toUpper }}] {{ with .CommonLabels }}{{ .model }} in {{ .environment }}: "
    "{{ .alertname }}{{ end }}"
)


def values(platform: Platform) -> dict[str, Any]:
    """Values of kube-prometheus-stack.

    What is an organisation's own, such as another smarthost or a pager, goes into the add-on's own
    values, which win.
    """
    domain = platform.organisation.domain
    text = _TEXT.format(
        smarthost=json.dumps(f"smtp.{domain}:587"),
        sender=json.dumps(f"alerts@{domain}"),
        platform=json.dumps(platform.support.email),
        subject=_SUBJECT,
    )
    found: dict[str, Any] = yaml.safe_load(text)
    return found
