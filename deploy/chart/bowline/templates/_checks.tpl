{{- /* What the schema cannot say, or cannot say well: settings that only make sense together. */ -}}

{{- define "bowline.checks" -}}
{{- if not .Values.image.repository -}}
{{- fail "`image.repository` is empty, and there is no published image to default to; build one with `deploy/Containerfile`, push it to your registry, and pass --set image.repository=REGISTRY/bowline" -}}
{{- end -}}
{{- with .Values.certificates -}}
{{- if eq .source "files" -}}
{{- if not .files.secretName -}}
{{- fail "`certificates.source` is `files`, but `certificates.files.secretName` is empty; name a Secret of this namespace with `tls.crt` and `tls.key`" -}}
{{- end -}}
{{- if not .files.caBundle -}}
{{- fail "`certificates.source` is `files`, but `certificates.files.caBundle` is empty; give the CA in PEM, for example with --set-file certificates.files.caBundle=ca.crt" -}}
{{- end -}}
{{- else if or .files.secretName .files.caBundle -}}
{{- fail (printf "`certificates.files` is set, but `certificates.source` is `%s`; set it to `files`, or drop `certificates.files`" .source) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.caBundle.pem .Values.caBundle.configMap -}}
{{- fail "`caBundle.pem` and `caBundle.configMap` are both set; keep one" -}}
{{- end -}}
{{- if not .Values.controllers.enabled -}}
{{- if .Values.annotateSecrets -}}
{{- fail "`annotateSecrets` needs the controllers, but `controllers.enabled` is false; change one of the two" -}}
{{- end -}}
{{- if eq .Values.storageConfig "adopt" -}}
{{- fail "`storageConfig` is `adopt`, which the controllers do, but `controllers.enabled` is false; change one of the two" -}}
{{- end -}}
{{- end -}}
{{- end }}
