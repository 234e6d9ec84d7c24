-- overrides: who overrode what, why, and what would the label have been?
SELECT * FROM override;
