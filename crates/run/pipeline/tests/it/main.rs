//! The pipeline in virtual time: on scripted sources, and on the simulated Microsoft.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod by_hand;
mod deaths;
mod faults;
mod fleet;
mod governed;
mod health;
mod large;
mod pages;
mod patients;
mod scripted;
mod simulation;
mod world;
