{{/* Definitions of the library chart `common` that many charts lean on, for where it was not read. Own words, from its
documentation: what names and versions come to; labels and the like are left out. */}}
{{- define "common.names.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "common.names.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "common.names.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- define "common.names.dependency.fullname" -}}
{{- $values := default (dict) .chartValues -}}
{{- if $values.fullnameOverride -}}
{{- $values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .chartName $values.nameOverride -}}
{{- if contains $name .context.Release.Name -}}
{{- .context.Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .context.Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- define "common.names.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "common.names.fullname.namespace" -}}
{{- printf "%s-%s" (include "common.names.fullname" .) (include "common.names.namespace" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "common.capabilities.kubeVersion" -}}
{{- default .Capabilities.KubeVersion.Version .Values.kubeVersion -}}
{{- end -}}
{{- define "common.capabilities.rbac.apiVersion" -}}rbac.authorization.k8s.io/v1{{- end -}}
{{- define "common.capabilities.deployment.apiVersion" -}}apps/v1{{- end -}}
{{- define "common.capabilities.statefulset.apiVersion" -}}apps/v1{{- end -}}
{{- define "common.capabilities.daemonset.apiVersion" -}}apps/v1{{- end -}}
{{- define "common.capabilities.job.apiVersion" -}}batch/v1{{- end -}}
{{- define "common.capabilities.cronjob.apiVersion" -}}batch/v1{{- end -}}
{{- define "common.capabilities.networkPolicy.apiVersion" -}}networking.k8s.io/v1{{- end -}}
{{- define "common.capabilities.ingress.apiVersion" -}}networking.k8s.io/v1{{- end -}}
{{- define "common.capabilities.policy.apiVersion" -}}policy/v1{{- end -}}
{{- define "common.capabilities.hpa.apiVersion" -}}autoscaling/v2{{- end -}}
{{- define "common.capabilities.supportsHelmVersion" -}}true{{- end -}}
{{- define "common.capabilities.psp.supported" -}}{{- end -}}
{{- define "common.tplvalues.render" -}}
{{- $value := typeIs "string" .value | ternary .value (.value | toYaml) -}}
{{- if contains "{{" (toJson .value) -}}
{{- tpl $value (default .context .scope) -}}
{{- else -}}
{{- $value -}}
{{- end -}}
{{- end -}}
{{- define "common.tplvalues.merge" -}}
{{- $all := dict -}}
{{- range .values -}}
{{- $all = include "common.tplvalues.render" (dict "value" . "context" $.context) | fromYaml | merge $all -}}
{{- end -}}
{{- $all | toYaml -}}
{{- end -}}
{{- define "common.images.image" -}}
{{- printf "%s:%s" .imageRoot.repository .imageRoot.tag -}}
{{- end -}}
{{- define "common.labels.matchLabels" -}}
{{- $context := default . .context -}}
app.kubernetes.io/name: {{ include "common.names.name" $context }}
app.kubernetes.io/instance: {{ $context.Release.Name }}
{{- end -}}
{{- define "common.labels.standard" -}}
{{ include "common.labels.matchLabels" . }}
app.kubernetes.io/managed-by: {{ (default . .context).Release.Service }}
{{- with .customLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
{{- define "common.images.pullSecrets" -}}{{- end -}}
{{- define "common.images.renderPullSecrets" -}}{{- end -}}
{{- define "common.warnings.rollingTag" -}}{{- end -}}
{{- define "common.errors.insecureImages" -}}{{- end -}}
{{- define "common.errors.upgrade.passwords.empty" -}}{{- end -}}
{{- define "common.secrets.name" -}}
{{- $name := include "common.names.fullname" .context -}}
{{- with .defaultNameSuffix -}}{{- $name = printf "%s-%s" $name . -}}{{- end -}}
{{- with .existingSecret -}}
{{- if kindIs "map" . -}}{{- with .name -}}{{- $name = . -}}{{- end -}}{{- else -}}{{- $name = . -}}{{- end -}}
{{- end -}}
{{- $name -}}
{{- end -}}
