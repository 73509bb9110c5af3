//! Bodies in the protobuf form of Kubernetes, as Go clients send them.
#![no_main]

use bowline_apiserver::fuzzing::protobuf;
use bowline_fuzz::tells_no_secret;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Members without a value are left out, but within JSON that is sent as it is.
fn is_null(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.values().any(Value::is_null))
}

fuzz_target!(|body: &[u8]| {
    match protobuf(body) {
        Ok(object) => {
            assert!(object["kind"].is_string() && object["apiVersion"].is_string());
            assert!(!is_null(&object) && !is_null(&object["metadata"]));
            // What follows reads it as if JSON had been sent.
            let text = object.to_string();
            assert_eq!(serde_json::from_str::<Value>(&text).ok().as_ref(), Some(&object));
        }
        Err(text) => tells_no_secret(&text),
    }
});
