//! The page in dark mode: a reader who prefers dark colours gets light text on a dark background.

use std::{fs, path::Path};

use crate::{Tree, body, browser};

/// Text, muted text, a tile, a button, code, and the differences in the left and right copy.
const LOOKED_AT: [&str; 8] =
    ["body", ".facts", ".totals dt", ".totals > div", "button.head", ".code", ".left mark", ".right mark"];

/// Records the colour of each text and of the first opaque background behind it.
const PROGRAM: &str = "<script>document.documentElement.dataset.colours = LOOKED_AT.map((selector) => {
    let element = document.querySelector(selector);
    const text = getComputedStyle(element).color;
    const ground = () => getComputedStyle(element).backgroundColor;
    while (ground() === 'rgba(0, 0, 0, 0)') element = element.parentElement;
    return `${text} on ${ground()}`;
}).join(';')</script>";

/// The brightness of text and background, 0 to 255 each. The browser prefers dark colours (0) or light ones (1).
fn brightness(browser: &Path, page: &Path, group: &str, preferred: u8) -> Vec<(f64, f64)> {
    let option = format!("--blink-settings=preferredColorScheme={preferred}");
    let drawn = browser::open(browser, page, &format!("open={group}"), &[&option]);
    drawn.assert_is_fine();
    let colours = drawn.fact("colours").unwrap().split(';');
    colours.map(|pair| pair.split_once(" on ").unwrap()).map(|(text, ground)| (grey(text), grey(ground))).collect()
}

/// The perceived brightness of a colour such as `rgb(20, 24, 31)`.
fn grey(colour: &str) -> f64 {
    let numbers = colour.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')).unwrap();
    let weighed = numbers.split(", ").zip([0.3, 0.6, 0.1]).map(|(part, weight)| part.parse::<f64>().unwrap() * weight);
    weighed.sum()
}

#[test]
fn page_follows_preferred_colour_scheme() {
    let Some(browser) = browser::find() else { return };
    let tree = Tree::new();
    tree.run(1);
    tree.function(1, "a.py", "step_7", &body(7), None);
    tree.function(1, "b.py", "step_7", &body(7).replace("done 7", "finished 7"), None);
    let page = tree.page("near");
    // The content security policy allows only the page's own script, so the test changes that rule. The rule for styles
    // stays.
    let text = fs::read_to_string(&page).unwrap();
    let group = &text.split_once("\"group_id\":\"").unwrap().1[..16];
    let (before, rest) = text.split_once("script-src '").unwrap();
    let (_, after) = rest.split_once('\'').unwrap();
    let (content, end) = after.rsplit_once("</body>").unwrap();
    let program = PROGRAM.replace("LOOKED_AT", &format!("{LOOKED_AT:?}"));
    fs::write(&page, format!("{before}script-src 'unsafe-inline'{content}{program}</body>{end}")).unwrap();

    let (dark, light) = (brightness(&browser, &page, group, 0), brightness(&browser, &page, group, 1));
    for (name, ((dark_text, dark_ground), (light_text, light_ground))) in LOOKED_AT.iter().zip(dark.iter().zip(&light))
    {
        assert!(*dark_text > dark_ground + 90.0, "{name}: {dark_text} on {dark_ground}");
        assert!(*light_ground > light_text + 90.0, "{name}: {light_text} on {light_ground}");
    }
}
