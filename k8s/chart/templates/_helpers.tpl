{{- define "sparkgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* 45: what is behind it (-spark-clusters) fits into a name of 63. */}}
{{- define "sparkgate.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sparkgate.selector" -}}
app.kubernetes.io/name: {{ include "sparkgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sparkgate.labels" -}}
{{ include "sparkgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "sparkgate.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "sparkgate.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "sparkgate.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sparkgate.configMap" -}}
{{- default (include "sparkgate.fullname" .) .Values.existingConfigMap -}}
{{- end -}}

{{- /* The port of an address such as 0.0.0.0:8480. */}}
{{- define "sparkgate.port" -}}
{{- regexFind "[0-9]+$" . -}}
{{- end -}}
{{- define "sparkgate.httpPort" -}}
{{- include "sparkgate.port" .Values.config.server.listen -}}
{{- end -}}
{{- define "sparkgate.adminPort" -}}
{{- include "sparkgate.port" .Values.config.admin.listen -}}
{{- end -}}

{{- /* Of a URL: the host without port; the path without a slash at its end. */}}
{{- define "sparkgate.host" -}}
{{- $rest := regexReplaceAll "^[a-z]+://" . "" -}}
{{- regexReplaceAll ":[0-9]+$" (regexFind "^[^/]*" $rest) "" | replace "{id}" "*" -}}
{{- end -}}
{{- define "sparkgate.path" -}}
{{- regexReplaceAll "^[a-z]+://[^/]*" . "" | trimSuffix "/" -}}
{{- end -}}

{{- /* Where drivers run, as a JSON list: what rbac.namespaces says, else what the configuration says, and its own where that says nothing. */}}
{{- define "sparkgate.namespaces" -}}
{{- $found := list -}}
{{- if .Values.rbac.namespaces -}}
{{- $found = .Values.rbac.namespaces -}}
{{- else -}}
{{- range .Values.config.clusters -}}
{{- if hasKey . "kubernetes" -}}
{{- $found = concat $found (default (list $.Release.Namespace) (default dict .kubernetes).namespaces) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if has "*" $found -}}["*"]{{- else -}}{{ uniq $found | toJson }}{{- end -}}
{{- end -}}

{{- /* Where launches are made, as a JSON list. */}}
{{- define "sparkgate.launchNamespaces" -}}
{{- $found := list -}}
{{- range .Values.config.clusters -}}
{{- with .launch }}{{ with .operator }}{{ with .namespace }}{{ $found = append $found . }}{{ end }}{{ end }}{{ end -}}
{{- end -}}
{{- if not $found -}}
{{- fail "rbac.launch needs a clusters[].launch.operator.namespace in config" -}}
{{- end -}}
{{- uniq $found | toJson -}}
{{- end -}}

{{- define "sparkgate.redisSecret" -}}
{{- if .Values.secrets.redis.existing -}}{{ .Values.secrets.redis.existing }}{{- else if .Values.secrets.redis.generate -}}{{ include "sparkgate.fullname" . }}-redis{{- end -}}
{{- end -}}
{{- define "sparkgate.sessionSecret" -}}
{{- if .Values.secrets.session.existing -}}{{ .Values.secrets.session.existing }}{{- else if .Values.secrets.session.generate -}}{{ include "sparkgate.fullname" . }}-session{{- end -}}
{{- end -}}

{{- define "sparkgate.scaledElsewhere" -}}
{{- if or .Values.autoscaling.enabled (kindIs "invalid" .Values.replicas) -}}true{{- end -}}
{{- end -}}

{{- /* Who else scales has the last word. Left out where it stood before, the number would be Kubernetes' default, 1: so there are as many as there are. */}}
{{- define "sparkgate.replicas" -}}
{{- if include "sparkgate.scaledElsewhere" . -}}
{{- $there := lookup "apps/v1" "Deployment" .Release.Namespace (include "sparkgate.fullname" .) -}}
{{- with $there -}}{{ .spec.replicas }}{{- end -}}
{{- else -}}
{{ .Values.replicas }}
{{- end -}}
{{- end -}}

{{- /* What contradicts itself is refused before anything is made. */}}
{{- define "sparkgate.check" -}}
{{- $alone := regexMatch "^(sqlite|memory):" (default "sqlite:" .Values.config.store) -}}
{{- $many := or (include "sparkgate.scaledElsewhere" .) (gt (int .Values.replicas) 1) -}}
{{- if and $alone $many (not .Values.existingConfigMap) -}}
{{- fail (printf "config.store is %s, which one replica alone can use: set replicas to 1, or a store that all share (redis://…)" (default "left out" .Values.config.store)) -}}
{{- end -}}
{{- if and .Values.persistence.enabled $many -}}
{{- fail "persistence is for one replica: set replicas to 1 and autoscaling.enabled to false" -}}
{{- end -}}
{{- if and .Values.secrets.redis.generate .Values.secrets.redis.existing -}}
{{- fail "secrets.redis: set existing to \"\" where the password is generated" -}}
{{- end -}}
{{- if and .Values.gatewayApi.enabled (not .Values.gatewayApi.className) (not .Values.gatewayApi.parent.name) -}}
{{- fail "gatewayApi needs a className, which makes a Gateway, or the parent's name" -}}
{{- end -}}
{{- if and .Values.existingConfigMap .Values.rbac.create (not .Values.rbac.namespaces) -}}
{{- fail "rbac.namespaces is needed with existingConfigMap: the chart doesn't see which namespaces that names" -}}
{{- end -}}
{{- end -}}

{{- define "sparkgate.claim" -}}
accessModes: {{ toJson .accessModes }}
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests: {storage: {{ .size }}}
{{- end -}}

{{- /* The volume of secrets: each a file for the pod's group alone. */}}
{{- define "sparkgate.secretFiles" -}}
projected:
  defaultMode: 0440
  sources:
    {{- with .Values.secrets.oidc.existing }}
    - secret: {name: {{ . }}, items: [{key: {{ $.Values.secrets.oidc.key }}, path: oidc-client-secret}]}
    {{- end }}
    {{- with include "sparkgate.redisSecret" . }}
    - secret: {name: {{ . }}, items: [{key: {{ $.Values.secrets.redis.key }}, path: redis-password}]}
    {{- end }}
    {{- with include "sparkgate.sessionSecret" . }}
    - secret: {name: {{ . }}, items: [{key: {{ $.Values.secrets.session.key }}, path: session-key}]}
    {{- end }}
    {{- range .Values.secrets.extra }}
    - secret: {name: {{ .name }}, items: [{key: {{ .key }}, path: {{ .path }}}]}
    {{- end }}
{{- end -}}
