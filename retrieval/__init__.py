"""How things are found: language, segmentation, lexical and dense search, fusion."""
