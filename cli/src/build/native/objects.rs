//! Compiles sources to object files, several at the same time. What has not changed comes from the compiler's cache.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::super::error::BuildError;
use super::super::tools::Tools;
use super::super::{process, read};
use super::sources;
use super::symbols::Symbols;

/// What every object is compiled with: small code, and nothing in it that depends on when or where.
const FLAGS: [&str; 4] = ["--target=wasm32-wasi", "-Oz", "-g0", "-fno-ident"];

/// The standard of C, which `compile_flags.txt` may change.
const C: [&str; 1] = ["-std=gnu17"];

/// The standard of C++, which `compile_flags.txt` may change. Components have no exceptions.
const CPP: [&str; 2] = ["-std=gnu++23", "-fno-exceptions"];

/// Warnings about what people write; there are none about bindings. A world says which parameters there are, whether
/// or not they are of use.
const WARNINGS: [&str; 3] = ["-Wall", "-Wextra", "-Wno-unused-parameter"];

/// The compiler, and where it works.
pub(super) struct Compiler<'a> {
    /// Where the compiler is found.
    pub(super) tools: &'a Tools,
    /// The component's folder, absolute.
    pub(super) folder: &'a Path,
    /// The folder for all that is made on the way, absolute.
    pub(super) work_folder: &'a Path,
    /// The folder of the bindings.
    pub(super) bindings: &'a Path,
    /// The flags of the component's own.
    pub(super) flags: &'a [String],
}

/// One source that is to be compiled.
pub(super) struct Source {
    /// The file: one of the component's, relative to its folder, or one of the bindings.
    pub(super) file: PathBuf,
    /// Whether a person wrote it.
    pub(super) own: bool,
}

/// A compiled source.
pub(super) struct Object {
    /// The object file.
    pub(super) file: PathBuf,
    /// Whether a person wrote its source.
    pub(super) own: bool,
    /// Its functions.
    pub(super) symbols: Symbols,
}

/// Everything that one run of the compiler has said, and how it went.
struct Outcome {
    lines: Vec<String>,
    object: Result<Object, BuildError>,
}

impl Compiler<'_> {
    /// Compiles all `sources`. What the compiler says comes source by source; the first failure is the error.
    pub(super) fn compile(
        &self,
        sources: &[Source],
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<Object>, BuildError> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        let workers = thread::available_parallelism().map_or(1, NonZero::get).min(sources.len());
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(source) = sources.get(index) else { return };
                        let outcome = self.one(source);
                        done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, outcome));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        for line in done.iter().flat_map(|(_, outcome)| &outcome.lines) {
            output(line);
        }
        done.into_iter().map(|(_, outcome)| outcome.object).collect()
    }

    fn one(&self, source: &Source) -> Outcome {
        let mut lines = Vec::new();
        let object = self.object(source, &mut |line| lines.push(line.to_owned()));
        Outcome { lines, object }
    }

    fn object(&self, source: &Source, output: &mut dyn FnMut(&str)) -> Result<Object, BuildError> {
        let file = self.object_file(source)?;
        let (driver, standard) = match sources::has_ending(&source.file, &["c"]) {
            true => ("cc", &C[..]),
            false => ("c++", &CPP[..]),
        };
        let mut command = super::zig(self.tools, self.folder, self.work_folder)?;
        command.arg(driver).args(FLAGS).args(standard);
        if source.own {
            command.args(WARNINGS);
        } else {
            command.arg("-w");
        }
        command.arg("-I").arg(self.bindings);
        for folder in ["include", "src"].into_iter().filter(|folder| self.folder.join(folder).is_dir()) {
            command.arg("-I").arg(folder);
        }
        // No path of this machine reaches the component, whatever `assert` writes.
        for (path, shown) in [
            (self.folder, "."),
            (self.work_folder, "."),
            (&self.tools.package_folder(&super::ZIGLANG), "ziglang"),
        ] {
            command.arg(format!("-ffile-prefix-map={}={shown}", path.display()));
        }
        command.args(self.flags).arg("-c").arg(&source.file).arg("-o").arg(&file);
        let name = if source.own {
            source.file.as_path()
        } else {
            source.file.file_name().unwrap_or_default().as_ref()
        };
        process::run_plainly(&mut command, &format!("zig {driver} -c {}", name.display()), output)?;
        let symbols = Symbols::read(&read::compiled(&file)?).map_err(|error| BuildError::NothingMade {
            command: format!("zig {driver} -c {}", name.display()),
            reason: format!("its object file cannot be read: {error}"),
        })?;
        Ok(Object { file, own: source.own, symbols })
    }

    /// Where the object of a source goes.
    fn object_file(&self, source: &Source) -> Result<PathBuf, BuildError> {
        let place = match source.own {
            true => Path::new("own").join(&source.file),
            false => Path::new("bindings").join(source.file.file_name().unwrap_or_default()),
        };
        let mut file = self.work_folder.join("objects").join(place).into_os_string();
        file.push(".o");
        let file = PathBuf::from(file);
        let folder = file.parent().unwrap_or(self.work_folder);
        fs::create_dir_all(folder).map_err(|source| BuildError::io("create the folder", folder, source))?;
        super::super::remove_file(&file)?;
        Ok(file)
    }
}
