//! The order of the steps from a raw answer to an intent.

use super::{
    judge::{Distrust, is_preliminary, judge},
    marks::{without_escapes, without_special_tokens},
    sentence::{Sentence, sentences},
    thinking::without_thinking,
    wrapping::unwrap,
};
use crate::plain_text::{MAX_CHARS, cap, collapse};

/// An answer states its content after a sentence or two at most.
const MAX_PRELIMINARY_SENTENCES: usize = 3;

/// The intent in `answer`, which a model gave about `code`. `is_cut_off` means that it reached the token limit.
pub(crate) fn clean(answer: &str, code: &str, is_cut_off: bool) -> Result<String, Distrust> {
    let answer = without_escapes(answer);
    let answer = without_special_tokens(without_thinking(&answer)?)?;
    let text = unwrap(&answer, code)?;
    let (sentence, line) = first_that_says_something(&text);
    judge(&line, code)?;
    if is_cut_off && !sentence.is_complete {
        return Err(Distrust::CutOff);
    }
    Ok(cap(&line, MAX_CHARS))
}

/// The first sentence of `text` that does more than lead to the next; the last one if there is none.
fn first_that_says_something(text: &str) -> (Sentence<'_>, String) {
    let mut found = (Sentence { text: "", is_complete: false }, String::new());
    for sentence in sentences(text).take(1 + MAX_PRELIMINARY_SENTENCES) {
        found = (sentence, collapse(sentence.text));
        if !is_preliminary(&found.1) {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODE: &str = "def add(left, right):\n    total = left + right\n    return total";

    fn check(answer: &str, expected: &str) {
        assert_eq!(clean(answer, CODE, false).as_deref(), Ok(expected), "{answer:?}");
    }

    fn check_refused(answer: &str, expected: Distrust) {
        assert_eq!(clean(answer, CODE, false), Err(expected), "{answer:?}");
    }

    #[test]
    fn good_answer_is_unchanged() {
        for answer in [
            "Adds two numbers.",
            "Adds two numbers",
            "Parses `setup.cfg`, e.g. the one of foo.py, for Python 3.11 and later.",
            "Forwards *args and **kwargs to the wrapped callable.",
            "Compares a < b and returns \"yes\" or 'no'.",
            "Note: this is no label that is known.",
        ] {
            check(answer, answer);
        }
    }

    #[test]
    fn thinking_is_dropped() {
        check("<think>Hmm. Adds?</think>\n\nAdds two numbers.", "Adds two numbers.");
        check("Hmm, adds.\n</think>Adds two numbers.", "Adds two numbers.");
        check("<THINKING>\na\n</THINKING>\n<think></think>Adds two numbers.", "Adds two numbers.");
        check("Thinking...\nIt adds.\n...done thinking.\n\nAdds two numbers.", "Adds two numbers.");
        check("[THINK]a[/THINK]Adds two numbers.", "Adds two numbers.");
        check(
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Adds two numbers.",
            "Adds two numbers.",
        );
        check("Removes `<think>` and `</think>` from an answer.", "Removes `<think>` and `</think>` from an answer.");
        check_refused("<think>It adds two numbers", Distrust::UnfinishedThinking);
        check_refused("<think>a</think><think>It adds two numbers.", Distrust::UnfinishedThinking);
        check_refused("<think>It adds two numbers.</think>", Distrust::Blank);
    }

    #[test]
    fn wrappings_are_removed() {
        for answer in [
            "```\nAdds two numbers.\n```",
            "```text\nAdds two numbers.\n```\n",
            "`Adds two numbers.`",
            "\"Adds two numbers.\"",
            "“Adds two numbers.”",
            "'Adds two numbers.'",
            "**Adds two numbers.**",
            "- Adds two numbers.",
            "{\"intent\": \"Adds two numbers.\"}",
            "```json\n{\"intent\": \"Adds two numbers.\"}\n```",
            "Here is the JSON:\n{\"summary\": \"Adds two numbers.\"}",
            "\n\n  Adds\n two\tnumbers. \n",
            "Adds two numbers.\n```python\ndef add(): ...\n```",
            "Adds two numbers.<|im_end|>\n<|im_start|>user",
        ] {
            check(answer, "Adds two numbers.");
        }
    }

    #[test]
    fn label_or_preamble_is_dropped() {
        for answer in [
            "Intent: Adds two numbers.",
            "**Intent:** Adds two numbers.",
            "### Summary\nAdds two numbers.",
            "Purpose - Adds two numbers.",
            "Sure! Here is a one-sentence description: Adds two numbers.",
            "Sure, here's the sentence:\n\n\"Adds two numbers.\"",
            "Certainly! Adds two numbers.",
            "The intent of this function is: Adds two numbers.",
        ] {
            check(answer, "Adds two numbers.");
        }
    }

    #[test]
    fn only_first_sentence_is_kept() {
        for answer in [
            "Adds two numbers. It returns the total.",
            "Adds two numbers.\n\nNote that it is simple.",
            "Adds two numbers.\n- left\n- right",
        ] {
            check(answer, "Adds two numbers.");
        }
        check("Adds two numbers\n\nNote: simple", "Adds two numbers");
        check("Is it odd? Tells so.", "Is it odd?");
    }

    #[test]
    fn unprintable_characters_are_removed() {
        check("Adds\0 two\u{1b}[31m \u{202e}numbers\u{202c}.\u{7f}", "Adds two numbers.");
    }

    #[test]
    fn long_sentence_is_capped() {
        let intent = clean(&"many words ".repeat(60), CODE, false).unwrap();
        assert!(intent.chars().count() <= 300 && intent.ends_with("words…"), "{intent}");
    }

    #[test]
    fn blank_answers_are_refused() {
        for answer in ["", " \n\t", "\0", "...", "```\n```", "\"\"", "{\"intent\": \" \"}", "42"] {
            check_refused(answer, Distrust::Blank);
        }
    }

    #[test]
    fn echoed_code_is_refused() {
        for answer in [
            CODE,
            "```python\ndef add(left, right):\n    total = left + right\n    return total\n```",
            "total = left + right",
            "async def other(x): pass",
            "class Other(Base):",
        ] {
            check_refused(answer, Distrust::Echo);
        }
        check("class of numbers that can be added.", "class of numbers that can be added.");
    }

    #[test]
    fn model_refusal_is_rejected() {
        for answer in [
            "I'm sorry, but I cannot help with that.",
            "I’m unable to describe this code.",
            "As an AI language model, I do not run code.",
            "Please provide the code you want described.",
            "Sorry, no.",
        ] {
            check_refused(answer, Distrust::Refusal);
        }
    }

    #[test]
    fn markup_and_structure_are_refused() {
        for answer in ["<html><body>x</body></html>", "<p>Adds two numbers.</p>", "Adds <b>two</b> numbers."] {
            check_refused(answer, Distrust::Markup);
        }
        for answer in ["{\"foo\": 1}", "{\"intent\": 5}", "{\"intent\": \"Adds two"] {
            check_refused(answer, Distrust::Structure);
        }
    }

    #[test]
    fn truncated_answer_needs_whole_sentence() {
        assert_eq!(clean("Adds two numbers and then", CODE, true), Err(Distrust::CutOff));
        assert_eq!(clean("Adds numbers, e.g.", CODE, true), Err(Distrust::CutOff));
        assert_eq!(clean("Adds two numbers. It then", CODE, true).as_deref(), Ok("Adds two numbers."));
    }

    #[test]
    fn known_model_failures_are_handled() {
        use Distrust::{Blank, CutOff, Echo, ErrorMessage, Nothing, Refusal, UnfinishedThinking};
        for (answer, expected) in [
            ("Okay, so I need to figure out what add does. It starts with", UnfinishedThinking),
            ("Let's see. The function adds.", UnfinishedThinking),
            ("The user wants one sentence about add.", UnfinishedThinking),
            ("Hmm, we need to describe the function add.", UnfinishedThinking),
            ("It looks like the code is missing.", Refusal),
            ("The code is missing.", Refusal),
            ("No code was provided.", Refusal),
            ("As a large language model, I have no way to run code.", Refusal),
            ("I'd be happy to help!", Refusal),
            ("Sure, I'd be happy to help! Which function is it?", Refusal),
            ("Hello! How can I help you today?", Refusal),
            ("Could you share the rest of the file?", Refusal),
            ("N/A", Nothing),
            ("None", Nothing),
            ("None.", Nothing),
            ("TODO", Nothing),
            ("Validates.", Nothing),
            ("Not applicable.", Nothing),
            ("This is a Python function.", Nothing),
            ("The code is a method of a class.", Nothing),
            ("Assistant: Adds two numbers.", Echo),
            ("Assistant: …", Echo),
            ("User: describe add", Echo),
            ("[INST] Describe.", Echo),
            ("Reads a CSV file and returns its rows as dictionaries.", Echo),
            ("Initializes the RetryPolicy object.", Echo),
            ("503 Service Unavailable", ErrorMessage),
            ("Error 429: slow down", ErrorMessage),
            ("Internal Server Error", ErrorMessage),
            ("Upstream request timeout", ErrorMessage),
            ("Rate limit exceeded, retry in 20 s.", ErrorMessage),
            ("The model is overloaded.", ErrorMessage),
            ("a", Nothing),
            ("!!!", Blank),
        ] {
            check_refused(answer, expected);
        }
        assert_eq!(clean("1. Adds two numbers and", CODE, true), Err(CutOff));
    }

    #[test]
    fn embedded_sentence_is_found() {
        for answer in [
            "Adds two numbers.<|end_of_text|>",
            "Adds two numbers.</s>",
            "<start_of_turn>model Adds two numbers.",
            "1. Adds two numbers.",
            "1) Adds two numbers.\n2) Returns them.",
            "[\"Adds two numbers.\"]",
            "[{\"intent\": \"Adds two numbers.\"}]",
            "{\"add\": \"Adds two numbers.\"}",
            "\\boxed{Adds two numbers.}",
            "$\\boxed{\\text{Adds two numbers.}}$",
            "<answer>Adds two numbers.</answer>",
            "<think>Hm.</think><answer>\nAdds two numbers.\n</answer>",
            "**add** – Adds two numbers.",
            "**add**: Adds two numbers.",
            "`add(left, right)` - Adds two numbers.",
            "add: Adds two numbers.",
            "The code is a method of a class. Adds two numbers.",
            "Okay. This is a Python function. Adds two numbers. More.",
            "\u{1b}[1mAdds two numbers.\u{1b}[0m",
            "<plan>Say it.</plan>\n\"Adds two numbers.\"",
        ] {
            check(answer, "Adds two numbers.");
        }
        let second = "The code is a method of a class. It sums the prices of the lines.";
        check(second, "It sums the prices of the lines.");
    }

    #[test]
    fn good_sentences_are_kept() {
        let sentences: Vec<&str> = include_str!("good_sentences.txt").lines().collect();
        assert!(sentences.len() >= 60, "{}", sentences.len());
        let changed: Vec<_> = sentences
            .into_iter()
            .filter(|sentence| {
                let is_whole = sentence.ends_with(['.', '。', '?']);
                clean(sentence, CODE, false).as_deref() != Ok(*sentence)
                    || clean(sentence, CODE, true).is_ok() != is_whole
            })
            .map(|sentence| (sentence, clean(sentence, CODE, false), clean(sentence, CODE, true)))
            .collect();
        assert_eq!(changed, []);
    }

    proptest! {
        #[test]
        fn output_is_bounded_and_printable(
            answer in "(?s)(<think>|</think>|</s>|\\\\boxed\\{|\u{1b}\\[|◁|1\\. |```|\"|\\{|Intent:|Sure! |[a-z. \n`*]|.){0,60}",
            is_cut_off: bool,
        ) {
            if let Ok(intent) = clean(&answer, CODE, is_cut_off) {
                prop_assert!(intent.chars().count() <= 300);
                prop_assert!(!intent.chars().any(char::is_control));
                prop_assert!(intent.chars().any(char::is_alphabetic));
                prop_assert_eq!(intent.trim(), &intent);
            }
        }
    }
}
