{{- /* Names and labels that several objects share. */ -}}

{{- define "bowline.name" -}}
{{ .Values.name | default .Release.Name }}
{{- end }}

{{- define "bowline.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Not the operator's, whose Services and policies select by those. */ -}}
{{- define "bowline.serverSelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-server
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "bowline.serverLabels" -}}
{{ include "bowline.serverSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* `managed-by` is Helm here, as Helm's convention wants it. On objects that the operator makes
itself it is `bowline`, and that is how it tells them from these. */ -}}
{{- define "bowline.labels" -}}
{{ include "bowline.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "bowline.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "bowline.tlsSecret" -}}
{{- if eq .Values.certificates.source "files" -}}
{{ .Values.certificates.files.secretName }}
{{- else -}}
{{ include "bowline.name" . }}-webhook-tls
{{- end -}}
{{- end }}

{{- define "bowline.caConfigMap" -}}
{{- if .Values.caBundle.configMap -}}
{{ .Values.caBundle.configMap }}
{{- else if .Values.caBundle.pem -}}
{{ include "bowline.name" . }}-ca-bundle
{{- end -}}
{{- end }}
