// SPDX-License-Identifier: GPL-2.0-or-later
// The load in Rust: a function of a module, a method, a generic of a trait.
use std::arch::asm;
use std::io::{Read, Write};

// Another number in each, or the compiler makes one function of them all.
#[inline(always)]
fn chain(steps: u64, add: u64) {
    let mut value = steps;
    for _ in 0..steps {
        value = value.wrapping_mul(6364136223846793005).wrapping_add(add);
        unsafe { asm!("/* {0} */", inout(reg) value, options(nomem, nostack)) };
    }
}

mod inner {
    #[inline(never)]
    pub fn half(steps: u64) {
        super::chain(steps, 1);
    }

    pub struct Burner;

    impl Burner {
        #[inline(never)]
        pub fn third(&self, steps: u64) {
            super::chain(steps, 3);
        }
    }

    #[inline(never)]
    pub fn fifth(steps: u64) {
        super::chain(steps, 5);
    }
}

extern "C" {
    fn clock() -> std::os::raw::c_long; // CPU time, in microseconds
}

fn cpu_seconds() -> f64 {
    unsafe { clock() as f64 / 1e6 }
}

fn name_of<T>(_: &T) -> &'static str {
    std::any::type_name::<T>()
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).map_or(1.0, |text| text.parse().unwrap());
    let mut input = std::io::stdin().bytes();
    let mut random: u64 = 1;
    println!("50 {}", name_of(&inner::half));
    println!("30 {}", name_of(&inner::Burner::third));
    println!("20 {}\n", name_of(&inner::fifth));
    std::io::stdout().flush().unwrap();
    if input.next().is_none() {
        return;
    }
    let start = cpu_seconds();
    while cpu_seconds() - start < seconds {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let steps = 100000 + (random >> 33) % 100000;
        inner::half(steps * 5);
        inner::Burner.third(steps * 3);
        inner::fifth(steps * 2);
    }
    println!("done");
    std::io::stdout().flush().unwrap();
    while input.next().is_some() {}
}
