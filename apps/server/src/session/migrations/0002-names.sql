-- Who signs in, as the maker of the token named them: the author of what they write. Empty: from before there were names.
alter table sign_in_token add column name text not null default '';
alter table session add column name text not null default '';
