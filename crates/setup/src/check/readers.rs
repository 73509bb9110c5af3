//! Each reader where it must get to: lists, writes an object of its own, reads it and removes it.

use bowline_pipelines::check::Visit;
use bowline_probe::{Done, Errand, outcome};
use futures::{FutureExt as _, StreamExt as _, stream};

use super::keys::Keys;
use super::report::{Cell, Row};
use super::{AT_ONCE, Check, News};

pub(super) async fn all(
    check: &Check<'_>,
    visits: &[Visit],
    keys: &Keys,
    told: &mut (dyn FnMut(News<'_>) + Send),
) -> Vec<Row> {
    let one = |visit| one(check, visit, keys).boxed();
    let all: Vec<_> = visits.iter().map(one).collect();
    let mut running = stream::iter(all).buffered(AT_ONCE);
    let mut rows = Vec::with_capacity(visits.len());
    while let Some(row) = running.next().await {
        told(News::Reader(&row));
        rows.push(row);
    }
    rows
}

async fn one(check: &Check<'_>, visit: &Visit, keys: &Keys) -> Row {
    let login = match keys.login(visit) {
        Ok(login) => login,
        Err(excuse) => return Row::excused(visit, excuse),
    };
    let key = visit.key();
    let errands = [
        Errand::List(visit.prefix.clone()),
        Errand::Put(key.clone()),
        Errand::Get(key.clone()),
        Errand::Delete(key),
    ];
    let done = check.send(&visit.namespace, &login, &errands).await;
    let done = <[Done; 4]>::try_from(done).expect("there is one result for each errand");
    judged(visit, done)
}

fn judged(visit: &Visit, [list, put, get, delete]: [Done; 4]) -> Row {
    let was_put = put.is_passed();
    let get = match was_put {
        true => Cell::of(get),
        // Whoever may read is told that there is nothing.
        false if get.is(&outcome::NO_SUCH_OBJECT) => Cell::passed(get),
        // Services also say this of what is not there, so it is no news about this right.
        false if get.is_refused() => Cell::unproved(&get),
        false => Cell::of(get),
    };
    let put = match visit.writes {
        true => Cell::of(put),
        // It never writes; that it may not is as it should be.
        false if put.is_refused() => Cell::not_needed(put),
        false => Cell::of(put),
    };
    Row::of(visit, [Cell::of(list), put, get, Cell::of(delete)])
}
