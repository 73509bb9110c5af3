{{- /* What the schema cannot say, or cannot say well: settings that only make sense together. */ -}}

{{- define "bowline.checks" -}}
{{- if not .Values.image.repository -}}
{{- fail "`image.repository` is empty, and there is no published image to default to; build one with `deploy/Containerfile`, push it to your registry, and pass --set image.repository=REGISTRY/bowline" -}}
{{- else if regexMatch "[:@][^/]*$" .Values.image.repository -}}
{{- fail (printf "`image.repository` is `%s`, which holds a tag or digest; put that into `image.tag` or `image.digest`" .Values.image.repository) -}}
{{- end -}}
{{- range $setting, $pem := dict "caBundle.pem" .Values.caBundle.pem "certificates.files.caBundle" .Values.certificates.files.caBundle -}}
{{- if and $pem (not (contains "-----BEGIN CERTIFICATE-----" $pem)) -}}
{{- fail (printf "`%s` holds no certificate in PEM; pass the content of the file, for example with --set-file %s=ca.crt" $setting $setting) -}}
{{- end -}}
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
{{- if and .Values.pipelines.namespace (not .Values.controllers.enabled) -}}
{{- fail "`pipelines.namespace` needs the controllers, but `controllers.enabled` is false; change one of the two" -}}
{{- end -}}
{{- if and .Values.annotateSecrets (eq .Values.storageConfig "off") -}}
{{- fail "`annotateSecrets` is about what `storageConfig` keeps, but that is `off`; change one of the two" -}}
{{- end -}}
{{- with .Values.server -}}
{{- if and .enabled (not .hosts) -}}
{{- fail "`server.hosts` is empty; name where the server is reached, such as bowline.example.org" -}}
{{- end -}}
{{- if and .trustedProxies (not .impersonate) -}}
{{- fail "`server.trustedProxies` needs `server.impersonate`, by which their users are acted for" -}}
{{- end -}}
{{- if and .oidc.issuerUrl (not .oidc.clientId) -}}
{{- fail "`server.oidc.issuerUrl` is set, but `server.oidc.clientId` is not" -}}
{{- end -}}
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
