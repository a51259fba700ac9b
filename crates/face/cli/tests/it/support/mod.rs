//! What the tests share: the binary as a child, a simulated Microsoft beside it, files to compare.

mod child;
mod files;
mod mask;
mod site;

pub(crate) use child::{Finished, Running, trailhound};
pub(crate) use files::lines_below;
pub(crate) use mask::mask;
pub(crate) use site::Site;
