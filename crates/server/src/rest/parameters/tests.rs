use rstest::rstest;

use super::*;

async fn read<T: Described>(query: &str) -> Result<T, Problem> {
    let request = http::Request::builder().uri(format!("/?{query}")).body(());
    let (mut parts, ()) = request.expect("a request").into_parts();
    Parameters::from_request_parts(&mut parts, &())
        .await
        .map(|Parameters(read)| read)
}

#[tokio::test]
async fn a_listing_reads_all_that_it_names() {
    let Listing(query) =
        read("text=tidal%20data&protocol=s3&used=false&sort=usedBy&order=descending&limit=7")
            .await
            .expect("good");
    assert_eq!(query.filter.text.as_deref(), Some("tidal data"));
    assert_eq!(query.filter.protocol, Some(bowline_core::Protocol::S3));
    assert_eq!(
        (query.filter.used, query.sort, query.order, query.limit),
        (Some(false), Sort::UsedBy, Order::Descending, 7)
    );
}

#[tokio::test]
async fn every_protocol_can_be_asked_for() {
    for protocol in bowline_core::Protocol::ALL {
        let Listing(query) = read(&format!("protocol={}", protocol.as_str()))
            .await
            .expect("good");
        assert_eq!(query.filter.protocol, Some(protocol));
    }
}

#[tokio::test]
async fn every_tag_can_be_asked_for() {
    for tag in Tag::ALL {
        let Listing(query) = read(&format!("tag={}", word(tag))).await.expect("good");
        assert_eq!(query.filter.tag, Some(tag));
        assert_eq!(serde_json::json!(tag), word(tag));
    }
}

#[rstest]
#[case("limit=0", "`limit` is not a number from 1 to 500")]
#[case("limit=501", "`limit` is not a number from 1 to 500")]
#[case("limit=many", "`limit` is not a number from 1 to 500")]
#[case("used=yes", "`used` is neither true nor false")]
#[case("order=up", "`order` is none of: ascending, descending")]
#[case("text=a&text=b", "`text` is given twice")]
#[case("sortby=name", "there is no such query parameter")]
#[tokio::test]
async fn a_strange_listing_is_refused(#[case] query: &str, #[case] detail: &str) {
    assert_eq!(
        read::<Listing>(query).await.expect_err("refused").detail,
        detail
    );
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_the_nearest() {
    let problem = read::<Listing>("standng=any").await.expect_err("refused");
    assert!(
        problem
            .help
            .expect("help")
            .starts_with("did you mean `standing`?")
    );
}

#[rstest]
#[case("dryRun=All", true)]
#[case("", false)]
#[tokio::test]
async fn a_dry_run_is_asked_for_as_in_kubernetes(#[case] query: &str, #[case] expected: bool) {
    assert_eq!(read::<DryRun>(query).await.expect("good").0, expected);
}

#[tokio::test]
async fn a_dry_run_that_is_asked_for_otherwise_is_refused_rather_than_done() {
    for query in ["dryRun=true", "dryRun", "dryrun=All"] {
        assert!(read::<DryRun>(query).await.is_err(), "{query}");
    }
}
