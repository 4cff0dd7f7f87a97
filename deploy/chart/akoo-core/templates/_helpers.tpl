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

{{- define "akoo-core.outside" -}}
{{- $secret := .Values.proxy.secret -}}
{{- if and .Values.proxy.https $secret.name -}}
{{- fail "proxy.https and proxy.secret.name are both set: give one of them" -}}
{{- end -}}
{{- if $secret.name }}
- name: HTTPS_PROXY
  valueFrom:
    secretKeyRef:
      name: {{ $secret.name | quote }}
      key: {{ $secret.key | quote }}
{{- else if .Values.proxy.https }}
- name: HTTPS_PROXY
  value: {{ .Values.proxy.https | quote }}
{{- end }}
{{- with .Values.proxy.noProxy }}
- name: NO_PROXY
  value: {{ join "," . | quote }}
{{- end }}
{{- if .Values.caBundle.name }}
- name: AKOO_CA_BUNDLE
  value: /etc/akoo-core-ca/ca.crt
{{- end }}
{{- end -}}

{{- define "akoo-core.caMount" -}}
{{- if .Values.caBundle.name }}
- name: ca-bundle
  mountPath: /etc/akoo-core-ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "akoo-core.caVolume" -}}
{{- with .Values.caBundle -}}
{{- if .name }}
- name: ca-bundle
{{- if eq .kind "Secret" }}
  secret:
    secretName: {{ .name | quote }}
{{- else }}
  configMap:
    name: {{ .name | quote }}
{{- end }}
    items:
    - key: {{ .key | quote }}
      path: ca.crt
{{- end }}
{{- end -}}
{{- end -}}
