//! Compiles `src/malloc.c` into the program.

fn main() {
    println!("cargo::rerun-if-changed=src/malloc.c");
    // Nothing refers to it, so the linker would leave it out.
    cc::Build::new()
        .file("src/malloc.c")
        .link_lib_modifier("+whole-archive")
        .warnings_into_errors(true)
        .compile("trailhound_malloc");
}
