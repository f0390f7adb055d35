//! TypeScript: its compiler checks the types and writes JavaScript.

use std::process::Command;

use serde_json::json;

use super::quickjs;
use crate::build::Job;
use crate::component::Component;
use crate::failure::Failure;
use crate::files;
use crate::language::Recipe;
use crate::tools::Pin;

/// The compiler.
const TYPESCRIPT: Pin = Pin {
    name: "typescript",
    version: "7.0.2",
    size: "about 13 MB",
};

/// TypeScript.
pub(crate) struct TypeScript;

impl Recipe for TypeScript {
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure> {
        let programs = job.tools.from_npm(&TYPESCRIPT, job.steps)?;
        let bindings = files::absolute(&job.work.join("bindings"))?;
        quickjs::declare(job, &bindings)?;
        let folder = files::absolute(&job.project.folder)?;
        let scripts = files::absolute(&job.work.join("js"))?;
        // A module that is gone is not found there.
        files::clear(&scripts)?;
        // The plugin's own configuration, which editors read, writes nothing.
        let configuration = json!({
            "extends": folder.join("tsconfig.json"),
            "compilerOptions": {
                "noEmit": false,
                "noEmitOnError": true,
                "rootDir": folder.join("src"),
                "outDir": scripts,
            },
            "include": [folder.join("src"), bindings],
        });
        let path = files::absolute(&job.work.join("tsconfig.json"))?;
        files::update(&path, configuration.to_string().as_bytes())?;
        let mut command = Command::new(programs.join("tsc"));
        command.arg("--project").arg(&path).current_dir(&folder);
        let what = format!("checking and compiling {}", job.project.name);
        job.steps.run(&what, &mut command)?;
        // Packages are those of the plugin's folder, where what was compiled lies within it.
        let root = if scripts.starts_with(&folder) {
            folder
        } else {
            scripts.clone()
        };
        let entry = scripts.join(quickjs::ENTRY).with_extension("js");
        quickjs::componentize(job, &entry, &root)
    }
}
