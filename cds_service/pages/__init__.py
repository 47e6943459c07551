"""Pages for people: the shared look, the words, the timeline picture, the assessment.

A page's words stand in `words/en.po` and `words/ko.po` by message id (`ehr.heading.patients`), parameters in braces; a
Korean particle after a parameter is the parameter's format (`{name:을/를}`, see `cards.particles`). In a template
`{{ _("ehr.heading.patients", n=12) }}`; in code `say = words_of_page()`, then `say("ehr.heading.patients", n=12)`.

Ids are written out in the call, or begin with a written prefix (`_("ehr.hook." ~ hook)`, `say(f"ehr.hook.{hook}")`):
the tests find every use, an id without words in a language, words that nothing uses, and parameters that differ
between languages. Words are text, escaped like any other: no markup in them.
"""
