{{- /*
Match conditions (CEL): which objects the API server asks about at all.
They must let through everything that `crates/core/src/plan.rs` has a stake in, under the keys of
`crates/core/src/names.rs` and the paths of `crates/core/src/workload.rs`, or that object loses its
connections silently. `oldObject` is null on CREATE and `object` on DELETE; `.?` and `[?` step over
whatever is missing or null, since an expression that fails counts as the failure policy says.
*/ -}}

{{- /* A reference or a record in the metadata of the object, now or before. */ -}}
{{- define "bowline.conditions.referenced" -}}
- name: names-or-named-a-connection
  expression: >-
    [object, oldObject].exists(o,
    ['opendatahub.io/connections', 'aml-model-source-connection', 'bowline.dev/injected']
    .exists(key, o.?metadata.?annotations[?key].hasValue()))
{{ include "bowline.conditions.staying" . }}
{{- end }}

{{- /* The same for kinds with pod templates, which may carry the reference themselves. */ -}}
{{- define "bowline.conditions.templates" -}}
- name: names-or-named-a-connection
  expression: >-
    [object, oldObject].exists(o,
    ['opendatahub.io/connections', 'aml-model-source-connection', 'bowline.dev/injected']
    .exists(key, o.?metadata.?annotations[?key].hasValue()) ||
    [o.?spec.?template, o.?spec.?jobTemplate.?spec.?template,
    o.?spec.?headGroupSpec.?template, o.?spec.?rayClusterSpec.?headGroupSpec.?template]
    .exists(template, template.?metadata.?annotations[?'opendatahub.io/connections'].hasValue()) ||
    [o.?spec.?workerGroupSpecs, o.?spec.?rayClusterSpec.?workerGroupSpecs]
    .exists(groups, groups.hasValue() && groups.value() != null && groups.value()
    .exists(group, group.?template.?metadata.?annotations[?'opendatahub.io/connections'].hasValue())))
{{ include "bowline.conditions.staying" . }}
{{- /* Pods of a Deployment that was admitted need nothing, and start while Bowline is down. */}}
- name: is-not-made-from-an-admitted-template
  expression: >-
    !object.?metadata.?ownerReferences.orValue([]).exists(owner, owner.?controller.orValue(false) && (
    owner.kind in ['ReplicaSet', 'Revision', 'LeaderWorkerSet'] ||
    (owner.kind == 'Notebook' && owner.apiVersion.startsWith('kubeflow.org/')) ||
    (owner.apiVersion + ' ' + owner.kind) in [
    'v1 Pod', 'batch/v1 Job', 'batch/v1 CronJob',
    'apps/v1 Deployment', 'apps/v1 StatefulSet', 'apps/v1 DaemonSet',
    'ray.io/v1 RayCluster', 'ray.io/v1 RayJob',
    'serving.kserve.io/v1beta1 InferenceService',
    'serving.kserve.io/v1alpha1 LLMInferenceService', 'serving.kserve.io/v1alpha2 LLMInferenceService']))
{{- end }}

{{- /* Taking away the last finalizer of an object must not depend on us. */ -}}
{{- define "bowline.conditions.staying" -}}
- name: is-not-being-deleted
  expression: "!object.?metadata.?deletionTimestamp.hasValue()"
{{- end }}

{{- /* Secrets: connections in any dialect; on DELETE also what the dashboards list. */ -}}
{{- define "bowline.conditions.connection" -}}
- name: is-or-was-a-connection
  expression: >-
    [object, oldObject].exists(o,
    o.?metadata.?annotations.orValue({}).exists(key,
    ['opendatahub.io/connection-type', 'cpaas.io/connection-type', 'serving.kserve.io/s3-']
    .exists(prefix, key.startsWith(prefix))) ||
    (request.operation == 'DELETE' &&
    ['opendatahub.io/dashboard', 'opendatahub.io/managed', 'cpaas.io/dashboard']
    .exists(key, o.?metadata.?labels[?key].hasValue())))
{{- end }}

{{- /* Only what changes a result: the annotations of `crates/core/src/result.rs`. */ -}}
{{- define "bowline.conditions.results" -}}
- name: says-how-a-test-went
  expression: >-
    ['opendatahub.io/connection-test-status', 'opendatahub.io/connection-test-timestamp',
    'opendatahub.io/connection-test-message', 'bowline.dev/tested'].exists(key,
    object.?metadata.?annotations[?key].orValue('') != oldObject.?metadata.?annotations[?key].orValue(''))
{{- end }}

{{- define "bowline.conditions.vital" -}}
- name: is-vital
  expression: oldObject.?metadata.?annotations[?'bowline.dev/vital'].orValue('') == 'true'
{{- end }}
