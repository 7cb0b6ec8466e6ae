"""The staff's view: who is staff, what was asked, what went unanswered, and answers that staff give."""
