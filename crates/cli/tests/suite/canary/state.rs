//! What lies on disk: the data folder while the server runs and after a crash, and the logs.

use std::path::{Path, PathBuf};

use super::{Scene, list};

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                files(&path)
            } else {
                // A socket holds nothing.
                path.is_file().then_some(path).into_iter().collect()
            }
        })
        .collect()
}

/// The files of the data folder, which must hold nothing that was planted.
fn search_data(scene: &Scene) -> Vec<String> {
    let folder = scene.project.shared.data.path();
    let found = files(folder);
    for file in &found {
        let bytes = std::fs::read(file).expect("a file");
        let text: String = String::from_utf8_lossy(&bytes).replace('\u{0}', " ");
        scene.search(&file.display().to_string(), &text);
    }
    let name = |file: &PathBuf| {
        file.strip_prefix(folder)
            .expect("inside")
            .display()
            .to_string()
    };
    found.iter().map(name).collect()
}

/// Work that leaves traces: values are written, changed, applied and deleted.
fn work(scene: &Scene) {
    scene.project.file("secrets.json", &list(&scene.secrets));
    scene.run("kubectl apply -f secrets.json");
    scene.run("kubectl label secrets --all team=pilots");
    scene.run("kubectl delete secrets s3 oci git");
    scene.try_run("kubectl annotate notebooks,inferenceservices --all note=changed");
}

#[test]
fn the_data_folder_holds_no_value_while_the_server_runs() {
    let scene = Scene::in_use();
    work(&scene);
    let files = search_data(&scene);
    assert!(
        files.iter().any(|file| file.ends_with(".sqlite-wal")),
        "no journal in {files:?}"
    );
}

#[test]
fn the_data_folder_holds_no_value_after_a_crash() {
    let scene = Scene::in_use();
    work(&scene);
    kill(scene.project.shared.server.id());
    let files = search_data(&scene);
    assert!(
        files.iter().any(|file| file.ends_with(".sqlite")),
        "no store in {files:?}"
    );
}

fn kill(process: u32) {
    let status = std::process::Command::new("kill")
        .args(["-9", &process.to_string()])
        .status();
    assert!(status.expect("kill").success());
}

#[test]
fn the_log_holds_no_value_at_its_most_verbose_level() {
    let scene = Scene::in_use();
    work(&scene);
    let server = &scene.project.shared.server;
    let log = std::fs::read_to_string(&server.log).expect("the log");
    assert!(
        log.contains("TRACE") && log.len() > 100_000,
        "the log is not verbose"
    );
    scene.search("the log", &log);
}

#[test]
fn the_log_holds_no_token() {
    let scene = Scene::in_use();
    let server = &scene.project.shared.server;
    let log = std::fs::read_to_string(&server.log).expect("the log");
    assert!(
        !log.contains(&server.ready.token),
        "the administrator's token is in the log"
    );
}
