#!/usr/bin/env bash
# Puts inputs that make sense into fuzz/corpus, so that fuzzing starts behind the first refusals:
# test data of the project where there is some, and a short example of each form else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# seed TARGET PART…: one input; the parts are told apart by a byte that UTF-8 never has.
count=0
seed() {
  local target=$1 directory=fuzz/corpus/$1 between=''
  shift
  mkdir -p "$directory"
  count=$((count + 1))
  for part in "$@"; do
    printf '%b' "$between"
    printf '%s' "$part"
    between='\xff'
  done > "$directory/seed-$count"
}

# files TARGET FILE…: each file as it is.
files() {
  local target=$1 file
  shift
  mkdir -p "fuzz/corpus/$target"
  for file in "$@"; do
    cp "$file" "fuzz/corpus/$target/seed-${file//\//-}"
  done
}

bodies() {
  local body
  mkdir -p fuzz/corpus/protobuf
  awk 'NR % 3 == 2' crates/apiserver/src/protobuf/tests/{kubectl,filled}.txt | while read -r body; do
    count=$((count + 1))
    base64 -d <<< "$body" > "fuzz/corpus/protobuf/seed-$count"
  done
}

bodies

files body examples/*.yaml
files manifest examples/*.yaml
files convert examples/1*.yaml
seed convert $'export AWS_ACCESS_KEY_ID=\'a\'\nAWS_SECRET_ACCESS_KEY="b$c"\nAWS_S3_BUCKET=d # e\n'
seed convert $'[default]\naws_access_key_id = a\naws_secret_access_key = b\n[profile c]\nregion = r\nendpoint_url = https://s3.example.com\n'
seed convert $'[d]\ntype = s3\nprovider = Minio\naccess_key_id = a\nsecret_access_key = b\nendpoint = s3.example.com\n'
seed convert '{"auths":{"r.example.com":{"auth":"YTpi"}}}'
seed convert $'kind: Connection\nid: a\nspec: {type: gcs, uri: "gs://b/c", keySecret: e30=}\n'
seed convert '{"connections":[{"name":"a","protocol":"s3","values":{"AWS_S3_BUCKET":"b"}}]}'
seed body '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"k":"hunter2hunter2"}}'
seed body '[{"op":"replace","path":"/data/k","value":"hunter2hunter2"},{"op":"copy","from":"/data","path":"/b"}]'
seed body '{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Orphan","preconditions":{"uid":"a"}}'
seed body $'a: &a [1, 2.5, null, yes]\nb: *a\nc: |\n  hunter2hunter2\n'

pod='{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"a":"b"},"finalizers":["example.com/a"]},"spec":{"containers":[{"name":"a","image":"b","ports":[{"containerPort":80,"protocol":"TCP"}],"env":[{"name":"A","value":"1"}],"resources":{"limits":{"cpu":"500m"}}},{"name":"c","image":"d"}],"volumes":[{"name":"v","emptyDir":{}}]},"status":{"conditions":[{"type":"Ready","status":"True"}]}}'
knot='{"apiVersion":"example.com/v1","kind":"Knot","metadata":{"name":"a"},"spec":{"size":2,"tags":["a","b"],"parts":[{"name":"a","value":"x","port":80,"more":{"k":"v"}},{"name":"b"}],"labels":{"a":"b"},"selector":{"a":"b"},"command":["a"],"maybe":{"a":"b"},"any":{"a":[1]}}}'
seed patch "$pod" '[{"op":"test","path":"/spec/containers/0/name","value":"a"},{"op":"add","path":"/spec/containers/-","value":{"name":"e"}},{"op":"move","from":"/metadata/labels/a","path":"/metadata/labels/b"},{"op":"copy","from":"/spec","path":"/more"},{"op":"remove","path":"/status"}]'
seed patch "$pod" '{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"c","image":"e"},{"$patch":"delete","name":"a"}],"$retainKeys":["containers"]},"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/a"],"$setElementOrder/finalizers":[]}}'
seed patch "$pod" '{"spec":{"containers":[{"$patch":"replace"},{"name":"z","env":[{"name":"A","$patch":"delete"}]}]},"metadata":{"labels":null}}'
seed patch_custom "$knot" '[{"op":"replace","path":"/spec/parts/1","value":{"name":"a","port":"http"}},{"op":"remove","path":"/spec/tags/0"}]'
seed patch_custom "$knot" '{"spec":{"parts":[{"name":"c","port":"x"}],"size":null,"labels":{"a":null,"c":"d"},"maybe":null}}'

entries='[{"manager":"one","operation":"Apply","apiVersion":"example.com/v1","time":"2030-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:size":{},"f:parts":{"k:{\"name\":\"a\"}":{".":{},"f:name":{},"f:value":{}}},"f:tags":{"v:\"a\"":{}}}}},{"manager":"two","operation":"Update","apiVersion":"example.com/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:labels":{"f:a":{}}}}}]'
seed apply "$knot" "$entries" '{"apiVersion":"example.com/v1","kind":"Knot","metadata":{"name":"a"},"spec":{"size":3,"tags":["c"],"parts":[{"name":"c","value":"y"}]}}' '{"spec":{"parts":[{"name":"a","more":{"k":"w"}}],"labels":{"a":"c"}}}'
seed apply "$knot" '[]' "$knot" '{"spec":{}}'
seed apply "$pod" '[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}}}}}}]' '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"z","ports":[{"containerPort":80}]}]}}' '{"metadata":{"finalizers":["example.com/b"]},"spec":{"containers":[]}}'

definition='{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"knots.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"knots","kind":"Knot","shortNames":["k"]},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","required":["size"],"default":{"size":1},"properties":{"size":{"type":"integer","minimum":0,"maximum":9,"multipleOf":1,"default":1},"tags":{"type":"array","items":{"type":"string","maxLength":3,"pattern":"^[a-z]+$"},"x-kubernetes-list-type":"set","maxItems":3},"parts":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","default":"a"}}},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"]},"any":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"in":{"type":"object","x-kubernetes-embedded-resource":true,"nullable":true},"port":{"x-kubernetes-int-or-string":true},"one":{"oneOf":[{"type":"string"},{"type":"integer"}],"not":{"enum":["x"]}},"map":{"type":"object","additionalProperties":{"type":"string","format":"date-time"},"maxProperties":2}}}}}},"subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.size","labelSelectorPath":".status.selector"}},"additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"},{"name":"A","type":"string","jsonPath":".spec.parts[?(@.name==\"a\")].name","priority":1}],"selectableFields":[{"jsonPath":".spec.one"}]}]}}'
seed definition "$definition" "$knot"
seed definition "$definition" '{"metadata":{"name":"a"},"spec":{"size":20,"tags":["a","a"],"parts":[{},{"name":"a"}],"in":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}},"port":"http","one":1,"map":{"a":"x"},"unknown":1}}'

seed list /api/v1/namespaces/default/pods 'labelSelector=a%3Db%2Cc+in+(d,e)%2C!f&fieldSelector=metadata.name%3Da&limit=5&continue=WzEsImRlZmF1bHQiLCJhIl0' WzEsImRlZmF1bHQiLCJhIl0
seed list /apis/example.com/v1/knots 'watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=1' ''
seed list /apis/apps/v1/namespaces/a/deployments/b/status 'type!=b,metadata.namespace==c\,d' ''
seed request 'Gapplication/json;as=Table;v=v1;g=meta.k8s.io' '/api/v1/namespaces/default/secrets?limit=1&labelSelector=a'
seed request 'G*/*' '/api/v1/namespaces/default/pods?continue=WzEsImRlZmF1bHQiLCJhIl0'
seed request 'Capplication/json' /api/v1/namespaces/default/pods application/json "${pod/\"name\":\"a\"/\"name\":\"b\"}"
seed request 'Eapplication/json' '/api/v1/namespaces/default/pods/a?fieldManager=one' application/apply-patch+yaml '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"c"}]}}'
seed request 'E*/*' /apis/example.com/v1/namespaces/default/knots/a application/merge-patch+json '{"spec":{"size":2}}'
seed request 'D*/*' /apis/example.com/v1/namespaces/default/knots/a application/json "$knot"
seed request 'F*/*' /api/v1/namespaces/default/secrets application/json '{"kind":"DeleteOptions","propagationPolicy":"Foreground"}'
seed request 'C*/*' /apis/apiextensions.k8s.io/v1/customresourcedefinitions application/json "${definition//knots/bends}"
seed request 'C*/*' /apis/authorization.k8s.io/v1/selfsubjectaccessreviews application/json '{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}'
seed request 'C*/*' /api/v1/namespaces/default/serviceaccounts/default/token application/json '{"spec":{"expirationSeconds":3600}}'
seed request 'Gapplication/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' /apis
seed request 'G*/*' /openapi/v3/apis/example.com/v1

seed token eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6ZGVmYXVsdDpkZWZhdWx0In0.
seed form '{"name":"tides","displayName":"Tides","type":"s3","values":{"AWS_ACCESS_KEY_ID":"a","AWS_SECRET_ACCESS_KEY":"hunter2hunter2","AWS_S3_ENDPOINT":"https://s3.example.com","AWS_S3_BUCKET":"b"}}' '{"values":{"AWS_S3_BUCKET":null,"AWS_DEFAULT_REGION":"r"},"displayName":"T"}'
seed form '{"type":"oci-v1","values":{".dockerconfigjson":{"fileName":"config.json","content":"{\"auths\":{\"r.example.com\":{\"auth\":\"YTpi\"}}}"},"OCI_HOST":"r.example.com","ACCESS_TYPE":["Pull"]}}' '{"type":"s3","description":""}'
seed form '{"id":"data","spec":{"type":"s3","uri":"s3://bucket/path","keyID":"YQ==","keySecret":"Yg==","region":"r","description":"d","webUILink":"https://example.com","vital":true},"status":{"secretName":"x"}}'
seed form '{"id":"git","spec":{"type":"git","uri":"git@example.com:a/b.git","keySecret":"YQ==","reference":"main"}}'
seed form 'type=s3&type=git&size=5&page=1'
seed form '{"kind":"ConfigMap","metadata":{"name":"t","labels":{"opendatahub.io/connection-type":"true","opendatahub.io/dashboard":"true"},"annotations":{"openshift.io/display-name":"T","opendatahub.io/disabled":"false"}},"data":{"category":"[\"A\"]","fields":"[{\"type\":\"section\",\"name\":\"S\"},{\"type\":\"short-text\",\"name\":\"N\",\"envVar\":\"E\",\"required\":true,\"properties\":{\"defaultValue\":\"x\"}},{\"type\":\"dropdown\",\"name\":\"D\",\"envVar\":\"F\",\"properties\":{\"variant\":\"multi\",\"items\":[{\"label\":\"a\",\"value\":\"b\"}]}}]"}}'

seed pipeline_store $'apiVersion: bowline.dev/v1alpha1\nkind: PipelineStore\nmetadata: {name: main}\nspec:\n  endpoint: https://s3.example.com\n  region: eu-west-1\n  bucket: pipelines\n  basePath: a\n  addressing: path\n  layout: {preset: private-artifacts}\n  auth: {type: keys, secretTemplate: "keys-{profile}"}\n  releases: {kfp: "2.15", argo: "3.6"}\n  profiles:\n  - {name: team-a, owner: a@example.com, members: [{user: b@example.com, role: edit}]}\n  - {name: team-b}\n'
seed pipeline_store $'apiVersion: datasciencepipelinesapplications.opendatahub.io/v1\nkind: DataSciencePipelinesApplication\nmetadata: {name: dspa, namespace: team-a}\nspec:\n  objectStorage:\n    externalStorage:\n      host: s3.example.com\n      scheme: https\n      port: "443"\n      bucket: b\n      basePath: p\n      region: r\n      s3CredentialsSecret: {secretName: s, accessKey: a, secretKey: k}\n'
seed pipeline_store $'kubeflow_tools:\n  pipelines:\n    bucket: {name: b, region: r}\n    objectStore:\n      useExternal: true\n      host: s3.amazonaws.com\n      port: ""\n      useSSL: true\n      auth: {existingSecret: s, existingSecretAccessKeyKey: a, existingSecretSecretKeyKey: k}\ndeploykf_core:\n  deploykf_profiles_generator:\n    users: [{id: u, email: u@example.com}]\n    groups: [{id: g, users: [u]}]\n    profiles:\n    - {name: team-a, members: [{group: g, access: {role: edit, notebooksAccess: true}}], tools: {kubeflowPipelines: {objectStoreAuth: {existingSecret: t}}}}\n' $'kubeflow_tools: {pipelines: {bucket: {name: c}}}\n'
seed launcher $'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kfp-launcher}\ndata:\n  defaultPipelineRoot: s3://b/p\n  providers: |\n    s3:\n      default:\n        endpoint: s3.example.com\n        region: r\n        maxRetries: 3\n        credentials: {fromEnv: false, secretRef: {secretName: s, accessKeyKey: a, secretKeyKey: k}}\n      overrides:\n      - {bucketName: b, keyPrefix: p/, endpoint: e, credentials: {fromEnv: true}}\n    gs: {default: {credentials: {fromEnv: true}}}\n' 'minio://b/p?endpoint=e&disableSSL=true'
seed launcher $'defaultPipelineRoot: gs://b\n' 's3://b/a/b?region=r'

seed answer $'003d4a4bfc4613b037bec2976531f4189fe606780ba4 HEAD\0side-band\n0000' '0000'
seed answer '<?xml version="1.0"?><Error><Code>Access&amp;Denied&#x41;</Code></Error>' '<NextMarker>a</NextMarker>'
seed answer 'Basic realm="x", Bearer realm="https://r.example.com/token",service="r"' 'Negotiate'
seed answer $'*.example.com,!b.example.com ssh-ed25519 AAAA\n|1|BwcHBwcHBwcHBwcHBwcHBwcHBwc=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= ssh-ed25519 AAAA\n@revoked * ssh-rsa BBBB\n[a.example.com]:2222 ssh-ed25519 AAAA' a.example.com
seed export $'kind: ConnectionExport\nversion: 1\nconnections:\n- {name: a, namespace: n, type: s3, displayName: A, description: d, values: {K: hunter2hunter2}, binaryValues: {B: /w==}, withheld: [S]}\n'

echo "+ seeds are in fuzz/corpus"
