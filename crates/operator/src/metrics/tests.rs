use super::*;

fn has(metrics: &Metrics, line: &str) -> bool {
    metrics.encode().lines().any(|found| found == line)
}

#[test]
fn a_review_is_counted_and_timed() {
    let metrics = Metrics::default();
    metrics.reviewed(
        "Notebook",
        "CREATE",
        Verdict::Patched,
        Duration::from_millis(2),
    );
    for line in [
        r#"bowline_admission_reviews_total{kind="Notebook",operation="CREATE",verdict="patched"} 1"#,
        r#"bowline_admission_duration_seconds_bucket{le="0.001",kind="Notebook"} 0"#,
        r#"bowline_admission_duration_seconds_bucket{le="0.0025",kind="Notebook"} 1"#,
        r#"bowline_admission_duration_seconds_count{kind="Notebook"} 1"#,
    ] {
        assert!(has(&metrics, line), "{line}\n{}", metrics.encode());
    }
}

#[test]
fn controllers_are_counted() {
    let metrics = Metrics::default();
    metrics.reconciled("status", "changed", Duration::from_millis(2));
    metrics.pending("status", 7);
    metrics.lagged("status", Duration::from_secs(70));
    metrics.oldest_pending(Duration::from_millis(1500));
    metrics.oldest_failing(Duration::from_secs(90));
    metrics.cache_objects("secrets", 10_000);
    metrics.leads(true);
    for line in [
        r#"bowline_reconciles_total{controller="status",outcome="changed"} 1"#,
        r#"bowline_reconcile_duration_seconds_count{controller="status"} 1"#,
        r#"bowline_reconcile_lag_seconds_bucket{le="60.0",controller="status"} 0"#,
        r#"bowline_reconcile_lag_seconds_bucket{le="120.0",controller="status"} 1"#,
        r#"bowline_pending_items{controller="status"} 7"#,
        "bowline_oldest_pending_seconds 1.5",
        "bowline_oldest_failing_seconds 90.0",
        r#"bowline_cache_objects{resource="secrets"} 10000"#,
        "bowline_leader 1",
        "bowline_panics_total 0",
    ] {
        assert!(has(&metrics, line), "{line}\n{}", metrics.encode());
    }
}

#[test]
fn the_end_of_the_certificate_is_told_in_seconds() {
    let metrics = Metrics::default();
    metrics.certificate_ends(Timestamp::from_second(1_800_000_000).unwrap());
    let line = "bowline_certificate_expiry_timestamp_seconds 1800000000";
    assert!(has(&metrics, line), "{}", metrics.encode());
}

#[test]
fn the_text_ends_as_openmetrics_wants() {
    assert!(Metrics::default().encode().ends_with("# EOF\n"));
}
