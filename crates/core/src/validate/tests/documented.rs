//! The page of rules says what the code says.

use super::RULES;

const PAGE: &str = include_str!("../../../../../docs/reference/findings.md");

#[test]
fn the_page_of_findings_lists_every_rule_as_it_is() {
    let listed: Vec<&str> = PAGE.lines().filter(|l| l.starts_with("| `")).collect();
    let row = |r: &super::Rule| format!("| `{}` | {} | {} |", r.id, r.severity, r.summary);
    let rules: Vec<String> = RULES.iter().map(row).collect();
    assert_eq!(listed, rules);
}
