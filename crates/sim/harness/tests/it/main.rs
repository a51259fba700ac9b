//! The scenarios with their kept seeds, and the document made from them.

mod documents;
mod scenarios;
