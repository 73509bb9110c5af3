//! The Python client of Kubernetes: what the modules of `python/` check. Each test asks for what
//! became of one check; checks run together, since Python takes long to load the client.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use crate::project::{Project, Shared};
use crate::tools::tool;

/// Why each check failed, if it did; `None` where there is no client.
type Outcomes = Option<BTreeMap<String, Option<String>>>;

/// Of the modules that share a server with other tests.
static SHARED: LazyLock<Outcomes> =
    LazyLock::new(|| run(&["access", "dynamic", "typed", "watching"], Shared::get()));
/// Of the one that needs a server of its own.
static ALONE: LazyLock<Outcomes> =
    LazyLock::new(|| run(&["forgetting"], Arc::new(Shared::start())));

fn run(modules: &[&str], shared: Arc<Shared>) -> Outcomes {
    let python = tool("kubernetes-client")?;
    let project = Project::on(shared, "python");
    let kubeconfig = project.kubeconfig();
    let output = Command::new(python)
        .arg("-B")
        .arg(scripts().join("run.py"))
        .args(modules)
        .current_dir(kubeconfig.parent().expect("a folder"))
        .env("KUBECONFIG", &kubeconfig)
        .env("CANARY", &project.canary)
        .output()
        .expect("a Python");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let read = |line| serde_json::from_str(line).expect("a name and a reason");
    Some(said.lines().map(read).collect())
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/python")
}

/// For each check a test of its name, and one that none was left out.
macro_rules! checks {
    ($module:ident in $outcomes:ident; $($check:ident,)*) => {
        mod $module {
            use super::*;

            $(
                #[test]
                fn $check() {
                    let Some(outcomes) = &*$outcomes else { return };
                    let name = concat!(stringify!($module), "::", stringify!($check));
                    if let Some(why) = &outcomes[name] {
                        panic!("{why}");
                    }
                }
            )*

            #[test]
            fn every_check_has_its_test() {
                let Some(outcomes) = &*$outcomes else { return };
                let start = concat!(stringify!($module), "::");
                let checks = outcomes.keys().filter_map(|name| name.strip_prefix(start));
                let mut tests = [$(stringify!($check)),*];
                tests.sort_unstable();
                assert_eq!(checks.collect::<Vec<_>>(), tests);
            }
        }
    };
}

checks! { typed in SHARED;
    a_deployment_is_replaced_and_scaled,
    a_secret_is_made_read_and_deleted,
    a_version_that_is_not_the_present_one_is_a_conflict,
    an_unknown_field_is_pointed_out,
    custom_objects_are_made_listed_and_patched,
    every_type_of_patch_is_taken,
    everything_with_a_label_is_deleted_at_once,
    jobs_and_cron_jobs_are_made,
    kinds_that_nothing_acts_on_are_stored,
    lists_come_in_pages,
    manifests_are_made_from_a_file,
    what_a_manager_applies_is_its_own,
}

checks! { dynamic in SHARED;
    a_dry_run_stores_nothing,
    a_kind_that_is_defined_later_is_found,
    a_status_and_a_scale_are_subresources,
    a_watch_begins_with_what_is_there,
    an_object_is_applied_on_the_server,
    an_object_is_made_read_replaced_patched_and_deleted,
    kinds_are_found_by_name_and_short_name,
}

checks! { watching in SHARED;
    a_version_that_comes_later_is_not_waited_for_long,
    a_watch_ends_after_its_time,
    a_watch_is_resumed_where_it_ended,
    a_watch_tells_everything_since_a_list,
    a_watch_waits_for_what_comes,
    an_informer_keeps_a_copy_of_what_is_stored,
    one_of_two_candidates_leads,
    what_leaves_a_selector_is_deleted_for_its_watch,
}

checks! { access in SHARED;
    a_pod_finds_the_server_by_its_files,
    a_token_is_enough_and_a_wrong_one_is_not,
    contexts_of_a_kubeconfig_are_used,
    every_field_that_is_wrong_is_named,
    nobody_grants_what_they_do_not_have,
    roles_decide_what_an_account_may,
    what_needs_a_running_pod_is_refused,
}

checks! { forgetting in ALONE;
    a_version_that_is_forgotten_is_gone,
}
