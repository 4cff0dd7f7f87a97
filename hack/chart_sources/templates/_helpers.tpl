{{- define "akoo-core.image" -}}
{{- $repository := required "image.repository is empty: no image is published. Build one (deploy/image) and name it" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "akoo-core.settings" -}}
{{- $own := dict "enabledPlugins" .Values.plugins "health" (dict "port" 8081) -}}
{{- mustMerge $own (deepCopy .Values.settings) | toYaml -}}
{{- end -}}

{{- define "akoo-core.settingsHash" -}}
{{- include "akoo-core.settings" . | sha256sum | trunc 16 | quote -}}
{{- end -}}
