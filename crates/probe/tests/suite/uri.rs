//! URI connections: files behind HTTP, repositories of a hub, claims, and what other connections reach.
