//! Rules about Azure Blob storage connections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::report::{Report, is_given};
use super::rules;
use crate::connection::Connection;

const ACCOUNT: &str = "AZURE_STORAGE_ACCOUNT";
const ACCESS_KEY: &str = "AZURE_STORAGE_ACCESS_KEY";
const SAS: &str = "AZURE_STORAGE_SAS_TOKEN";
const STRING: &str = "AZURE_STORAGE_CONNECTION_STRING";
/// A service principal: all three or none.
const PRINCIPAL: [&str; 3] = ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"];

pub(super) fn check(connection: &Connection, report: &mut Report) {
    let has_string = is_given(connection, STRING);
    if !has_string {
        report.require(connection, ACCOUNT, "set it to the storage account's name");
    }
    credentials(connection, has_string, report);
    names(connection, report);
    values(connection, report);
}

fn credentials(connection: &Connection, has_string: bool, report: &mut Report) {
    let given = PRINCIPAL
        .into_iter()
        .filter(|key| is_given(connection, key))
        .count();
    if given > 0 {
        for key in PRINCIPAL
            .into_iter()
            .filter(|key| !is_given(connection, key))
        {
            let help = "a service principal needs client id, tenant id and client secret";
            report.missing(connection, key, help);
        }
    } else if !has_string && !is_given(connection, ACCESS_KEY) && !is_given(connection, SAS) {
        let help = format!(
            "set it, or `{SAS}`, or `{STRING}`, or the three `AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_CLIENT_SECRET`"
        );
        report.missing(connection, ACCESS_KEY, &help);
    }
}

fn names(connection: &Connection, report: &mut Report) {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if let Some(account) = connection.read(ACCOUNT) {
        let name = account.text.trim();
        if !(3..=24).contains(&name.len()) || !name.chars().all(is_word) {
            let message = format!("`{ACCOUNT}` is not 3 to 24 of a-z and 0-9");
            let help = "give the account's name alone, without `.blob.core.windows.net`";
            report.add(&rules::AZURE_ACCOUNT, ACCOUNT, message, help);
        }
    }
    if let Some(container) = connection.read("AZURE_CONTAINER") {
        let name = container.text.trim();
        let is_special = ["$root", "$web", "$logs"].contains(&name);
        let is_name = (3..=63).contains(&name.len())
            && name
                .split('-')
                .all(|part| !part.is_empty() && part.chars().all(is_word));
        if !is_name && !is_special {
            let field = container.field;
            let message = format!("`{field}` is not 3 to 63 of a-z, 0-9 and single `-` in between");
            report.add(
                &rules::AZURE_CONTAINER,
                field,
                message,
                "give the container's name alone",
            );
        }
    }
}

fn values(connection: &Connection, report: &mut Report) {
    if connection
        .read(ACCESS_KEY)
        .is_some_and(|key| STANDARD.decode(key.text.trim()).is_err())
    {
        let message = format!("`{ACCESS_KEY}` is not base64, as all account keys are");
        report.add(
            &rules::AZURE_ACCESS_KEY,
            ACCESS_KEY,
            message,
            "copy the key again, to its end",
        );
    }
    let has_signature = |text: &str| {
        text.trim_start_matches('?')
            .split('&')
            .any(|p| p.starts_with("sig="))
    };
    if connection
        .read(SAS)
        .is_some_and(|token| !has_signature(token.text.trim()))
    {
        let message = format!("`{SAS}` holds no `sig`");
        report.add(
            &rules::AZURE_SAS,
            SAS,
            message,
            "copy the whole query string of the SAS",
        );
    }
    let Some(string) = connection.read(STRING) else {
        return;
    };
    let has = |name: &str| {
        string
            .text
            .split(';')
            .any(|part| part.trim().starts_with(name))
    };
    let has_account = has("AccountName=") || has("BlobEndpoint=");
    let has_login = has("AccountKey=") || has("SharedAccessSignature=");
    if !(has_account && has_login || has("UseDevelopmentStorage=")) {
        let message = format!("`{STRING}` lacks the account or its key");
        let help = "copy the whole string from the storage account's access keys";
        report.add(&rules::AZURE_CONNECTION_STRING, STRING, message, help);
    }
}
