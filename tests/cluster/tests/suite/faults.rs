//! What happens when things fail: processes are killed, the API server is slow, refuses or forgets,
//! clocks jump. Each test runs `bowline operator` as a process; a panic in its log fails the test.

mod api_server;
mod callers;
mod certificates;
mod clock;
mod conflicts;
mod deleted;
mod health;
mod leaders;
mod scene;
mod shutdown;
mod slow;
mod testing;
mod watches;
mod weather;
mod webhook;
